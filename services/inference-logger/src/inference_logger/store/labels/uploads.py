"""Answers to uploads, kept for a day: an upload that is sent again gets the first one. As SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.store.tables import LabelUploadRow
from shared.contracts.rpc.inference_logger.labels import LabelReceipt
from shared.errors import Conflict

KEPT = timedelta(days=1)


async def find_receipt(session: AsyncSession, upload_id: str, digest: str) -> LabelReceipt | None:
    """The answer that the upload got. Raises `Conflict` where the same key came with another body."""
    row = await session.get(LabelUploadRow, upload_id)
    if row is None:
        return None
    if row.digest != digest:
        raise Conflict("This Idempotency-Key was used for other labels")
    return LabelReceipt.model_validate(row.receipt)


async def forget_receipts(session: AsyncSession, service: str, upto: datetime) -> None:
    """Their labels are removed: what is sent again is taken again."""
    table: Any = LabelUploadRow
    await session.execute(delete(table).where(table.service == service, table.at <= upto))


async def save_receipt(
    session: AsyncSession, service: str, key: tuple[str, str], receipt: LabelReceipt, at: datetime
) -> None:
    """Keep an answer, by upload and digest, and forget old ones."""
    table: Any = LabelUploadRow
    upload_id, digest = key
    await session.execute(delete(table).where(table.at < at - KEPT))
    row = LabelUploadRow(upload_id=upload_id, service=service, digest=digest, receipt=receipt.model_dump(), at=at)
    await session.merge(row)
