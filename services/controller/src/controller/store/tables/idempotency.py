"""First answers to POSTs, kept to be given again."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.database import UtcDateTime


class AnswerRow(ControllerTable, table=True):
    """The first answer to a POST that carried an `Idempotency-Key`, sealed (it may hold an API key)."""

    __tablename__ = "idempotent_answers"

    id: str = Field(primary_key=True, max_length=64)
    request_sha256: str = Field(max_length=64)
    status_code: int
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
