"""Lines that pods printed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, UniqueConstraint
from sqlmodel import Field

from monitor.store.tables.base import MonitorRow
from shared.database import UtcDateTime

NOT_EXAMINED = "?"


class LogSizeRow(MonitorRow, table=True):
    """What the kept lines of a service take, about: characters, and `LINE_OVERHEAD` for each line."""

    __tablename__ = "log_sizes"

    service: str = Field(primary_key=True, max_length=63)
    size: int = Field(sa_type=BigInteger)


class LogLineRow(MonitorRow, table=True):
    """One line that a pod printed. (pod, run, offset) names it, so that a repeat is kept once."""

    __tablename__ = "log_lines"
    __table_args__ = (
        UniqueConstraint("pod", "run", "offset", name="uq_log_lines_place"),
        Index("ix_log_lines_service_id_level", "service", "id", "level"),
        Index("ix_log_lines_at", "at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite"))
    at: datetime = Field(sa_type=UtcDateTime)
    service: str = Field(max_length=63)
    version: str = Field(max_length=63)
    pod: str = Field(max_length=160)
    run: int
    offset: int = Field(sa_type=BigInteger)
    text: str
    request_id: str | None = None
    level: str = Field(max_length=8)
    """Empty: the line has none. `NOT_EXAMINED`: stored by a release that did not look for it."""
