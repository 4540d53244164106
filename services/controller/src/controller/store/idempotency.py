"""First answers to POSTs that carried an `Idempotency-Key`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from controller.domain.idempotency import AnswerSeal
from controller.store.tables import AnswerRow
from shared.errors import Conflict


async def load_answer(session: AsyncSession, seal: AnswerSeal, request_sha256: str) -> tuple[int, bytes] | None:
    """Status and body of the first answer; `Conflict` when the key came with another request before."""
    row = await session.get(AnswerRow, seal.id)
    if row is None:
        return None
    if row.request_sha256 != request_sha256:
        raise Conflict("This Idempotency-Key was used for another request")
    return row.status_code, seal.unseal(row.sealed)


async def store_answer(
    session: AsyncSession, seal: AnswerSeal, request_sha256: str, answer: tuple[int, bytes], now: datetime
) -> None:
    """Remember an answer (status, body) in the transaction of its effect."""
    status_code, body = answer
    session.add(
        AnswerRow(
            id=seal.id,
            request_sha256=request_sha256,
            status_code=status_code,
            sealed=seal.seal(body),
            created_at=now,
        )
    )
    await session.flush()


async def delete_answers_before(session: AsyncSession, before: datetime) -> None:
    """Remove answers given before a moment."""
    await session.execute(delete(AnswerRow).where(col(AnswerRow.created_at) < before))
