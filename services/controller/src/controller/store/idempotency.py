"""First answers to POSTs that carried an `Idempotency-Key`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from controller.domain.idempotency import Seal
from controller.store.tables import AnswerRow
from shared.errors import Conflict


async def first_answer(session: AsyncSession, seal: Seal, request_sha256: str) -> tuple[int, bytes] | None:
    """Status and body of the first answer; `Conflict` when the key came with another request before."""
    row = await session.get(AnswerRow, seal.id)
    if row is None:
        return None
    if row.request_sha256 != request_sha256:
        raise Conflict("This Idempotency-Key was used for another request")
    return row.status_code, seal.open(row.sealed)


async def keep_answer(
    session: AsyncSession, seal: Seal, request_sha256: str, answer: tuple[int, bytes], now: datetime
) -> None:
    """Remember an answer (status, body) in the transaction of its effect."""
    status_code, body = answer
    session.add(
        AnswerRow(
            id=seal.id,
            request_sha256=request_sha256,
            status_code=status_code,
            sealed=seal.close(body),
            created_at=now,
        )
    )
    await session.flush()


async def forget_answers(session: AsyncSession, before: datetime) -> None:
    """Remove answers given before a moment."""
    await session.execute(delete(AnswerRow).where(col(AnswerRow.created_at) < before))
