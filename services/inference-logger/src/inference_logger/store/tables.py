"""Tables of the inference-logger's own database. Delta is the truth; this is what is looked up without opening it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.bus.outbox import add_tables
from shared.database import UtcDateTime


class Record(SQLModel, registry=registry()):
    """Base of the inference-logger's tables, on metadata of their own."""


class TableRow(Record, table=True):
    """An inference table."""

    __tablename__ = "inference_tables"

    location: str = Field(primary_key=True, max_length=1024)
    name: str = Field(max_length=128, index=True)
    service: str = Field(max_length=63, index=True)
    kind: str = Field(max_length=16)
    rows: int = Field(default=0, sa_type=BigInteger)
    version: int = Field(default=0, sa_type=BigInteger)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class CheckpointRow(Record, table=True):
    """Up to where everything of a stream is in its tables. Reading starts behind it; each table skips what it has."""

    __tablename__ = "checkpoints"

    stream: str = Field(primary_key=True, max_length=128)
    sequence: int = Field(sa_type=BigInteger)
    committed_at: datetime = Field(sa_type=UtcDateTime)


class PurgeRow(Record, table=True):
    """A service whose tables were to be removed when it was deleted: what it had logged by then is stored no more.

    It stays for good: a router that was cut off may still hold such records.
    """

    __tablename__ = "purges"

    service: str = Field(primary_key=True, max_length=63)
    upto: datetime = Field(sa_type=UtcDateTime)
    is_done: bool = False


add_tables(Record.metadata)
