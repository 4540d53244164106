"""Tables of the inference-logger's own database. The Delta log is authoritative; these save opening it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.bus.outbox import add_tables
from shared.database import UtcDateTime


class LoggerRow(SQLModel, registry=registry()):
    """Base of the inference-logger's tables, on metadata of their own."""


class TableRow(LoggerRow, table=True):
    """An inference table."""

    __tablename__ = "inference_tables"

    location: str = Field(primary_key=True, max_length=1024)
    name: str = Field(max_length=128, index=True)
    service: str = Field(max_length=63, index=True)
    kind: str = Field(max_length=16)
    rows: int = Field(default=0, sa_type=BigInteger)
    version: int = Field(default=0, sa_type=BigInteger)
    """Delta version; -1: its folder is gone."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class CheckpointRow(LoggerRow, table=True):
    """Up to where a stream was read: every table has everything of it, or a position of its own.

    Reading starts behind it; each table skips what it has.
    """

    __tablename__ = "checkpoints"

    stream: str = Field(primary_key=True, max_length=128)
    sequence: int = Field(sa_type=BigInteger)
    committed_at: datetime = Field(sa_type=UtcDateTime)
    epoch: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Counts how often the stream was found set back; part of the tables' application transactions."""
    stored_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the server stored the message at `sequence`: what the stream is known again by."""
    doubtful_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Records of messages that were stored before are looked up by `record_id` before they are appended."""


class PositionRow(LoggerRow, table=True):
    """The position of a table that waits, see `domain.waiting`. A table without one is at the checkpoint."""

    __tablename__ = "table_positions"

    location: str = Field(primary_key=True, max_length=1024)
    service: str = Field(max_length=63, index=True)
    destination: str = Field(max_length=1024)
    kind: str = Field(max_length=16)
    stream: str = Field(max_length=160)
    sequence: int = Field(sa_type=BigInteger)
    reason: str = Field(max_length=512)
    since: datetime = Field(sa_type=UtcDateTime)
    rows: int = Field(sa_type=BigInteger)
    stream_bytes: int = Field(sa_type=BigInteger)
    parked_upto: int = Field(sa_type=BigInteger)
    dropped: int = Field(sa_type=BigInteger)
    moved: dict[str, str | None] = Field(sa_type=JSON)


class SignatureRow(LoggerRow, table=True):
    """The signature of the model that a version's generation serves, in MLflow's JSON texts; null: it has none."""

    __tablename__ = "model_signatures"

    version_id: str = Field(primary_key=True, max_length=36)
    generation: int = Field(primary_key=True, sa_type=BigInteger)
    service: str = Field(max_length=63, index=True)
    inputs: str | None = Field(default=None, sa_type=Text)
    outputs: str | None = Field(default=None, sa_type=Text)


class BlockedDerivationRow(LoggerRow, table=True):
    """A derived table that cannot be written: it is behind the table that it is made of, and catches up from there."""

    __tablename__ = "blocked_derivations"

    location: str = Field(primary_key=True, max_length=1024)
    service: str = Field(max_length=63, index=True)
    destination: str = Field(max_length=1024)
    kind: str = Field(max_length=16)
    reason: str = Field(max_length=512)
    since: datetime = Field(sa_type=UtcDateTime)
    rows: int = Field(sa_type=BigInteger)


class LabelUploadRow(LoggerRow, table=True):
    """The answer to an upload of labels, so that the same upload is answered the same way again."""

    __tablename__ = "label_uploads"

    upload_id: str = Field(primary_key=True, max_length=64)
    service: str = Field(max_length=63)
    digest: str = Field(max_length=64)
    receipt: dict[str, Any] = Field(sa_type=JSON)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class LabelSourceRow(LoggerRow, table=True):
    """How far a label source has been read, and how that went last; what it is stands with the controller."""

    __tablename__ = "label_sources"

    id: UUID = Field(primary_key=True)
    service: str = Field(max_length=63, index=True)
    fingerprint: str = Field(max_length=64)
    """Of the definition that the position belongs to."""
    position: dict[str, Any] = Field(sa_type=JSON)
    failures: int = 0
    reason: str | None = Field(default=None, max_length=512)
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_run_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    requested_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When one of several inference-loggers was told to have it read, and another one reads it."""


class LabelSourceFileRow(LoggerRow, table=True):
    """A file of a label source that was read, as it was then."""

    __tablename__ = "label_source_files"

    source_id: UUID = Field(primary_key=True)
    path: str = Field(primary_key=True, max_length=1024)
    identity: str = Field(max_length=128)


class LabelRunRow(LoggerRow, table=True):
    """One reading of a label source."""

    __tablename__ = "label_runs"

    id: UUID = Field(primary_key=True)
    source_id: UUID = Field(index=True)
    run: dict[str, Any] = Field(sa_type=JSON)


class PurgeRow(LoggerRow, table=True):
    """A service whose tables were to be removed when it was deleted: what it had logged by then is stored no more.

    It stays for good: a router that was cut off may still hold such records.
    """

    __tablename__ = "purges"

    service: str = Field(primary_key=True, max_length=63)
    upto: datetime = Field(sa_type=UtcDateTime)
    is_done: bool = False


class RequestCountRow(LoggerRow, table=True):
    """What one source counted of a service in a minute of the requests' arrival; the numbers only grow."""

    __tablename__ = "request_counts"

    source: str = Field(primary_key=True, max_length=36)
    service: str = Field(primary_key=True, max_length=63, index=True)
    minute: datetime = Field(primary_key=True, sa_type=UtcDateTime, index=True)
    logged: int = Field(sa_type=BigInteger)
    dropped: dict[str, int] = Field(sa_type=JSON)
    is_complete: bool = False
    """Every record that it calls logged was read from the stream before this was."""


class LostRecordRow(LoggerRow, table=True):
    """Records that were read from the stream and are in no table, by reason."""

    __tablename__ = "lost_records"

    service: str = Field(primary_key=True, max_length=63)
    minute: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    reason: str = Field(primary_key=True, max_length=32)
    records: int = Field(sa_type=BigInteger)


class StoredMinuteRow(LoggerRow, table=True):
    """Rows that the payload tables had of a minute when all of it had arrived: later removals do not change it."""

    __tablename__ = "stored_minutes"

    service: str = Field(primary_key=True, max_length=63)
    minute: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    records: int = Field(sa_type=BigInteger)


class ErasureRow(LoggerRow, table=True):
    """How far an erasure is. It names no row and nobody: the order is the controller's."""

    __tablename__ = "erasures"

    id: UUID = Field(primary_key=True)
    done: dict[str, Any] = Field(sa_type=JSON)
    """By location: rows that went, files that held them, how many of those are gone; names of the tables."""
    first_pass_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_pass_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_pass_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    waiting_for: str | None = None


class ReplicaRow(LoggerRow, table=True):
    """One of several inference-loggers that share the services."""

    __tablename__ = "replicas"

    name: str = Field(primary_key=True, max_length=128)
    process: str = Field(max_length=36)
    """Which process it is: a later one of the same name replaces it."""
    beat: int = Field(default=0, sa_type=BigInteger)
    """Grows while it is there."""
    sequence: int = Field(default=0, sa_type=BigInteger)
    """Up to where it has stored what it owns."""
    stored_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the server stored the message there."""


class AssignmentRow(LoggerRow, table=True):
    """How replicas share the services, see `domain.replicas`; there is none where there was never more than one."""

    __tablename__ = "assignments"

    id: int = Field(primary_key=True)
    epoch: int = Field(sa_type=BigInteger)
    stream: str = Field(max_length=160)
    members: list[str] = Field(sa_type=JSON)
    layers: list[dict[str, int]] = Field(sa_type=JSON)
    home: str = Field(max_length=36)


add_tables(LoggerRow.metadata)
