"""Settings of the inference-logger: environment variables `INFERENCE_LOGGER_…`, read once, in `__main__`."""

from __future__ import annotations

import re
import socket
from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import DatabaseSettings, Duration


class InferenceLoggerSettings(DatabaseSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix="INFERENCE_LOGGER_")

    database_url: str = ""
    """SQLAlchemy URL; default an SQLite file, `inference-logger/inference-logger.db` under the home folder."""

    admin_port: int = 9105
    """TCP port of /metrics, /healthz and /readyz on `admin_host`; default 9105."""

    tables: str = ""
    """Root of the inference tables of versions that name none, a folder or an `s3://` URL that a destination holds;
    default `tables` under the home folder."""

    commit_interval: Duration = timedelta(seconds=1)
    """Longest time that a record waits for others to be committed with, seconds; default 1."""

    commit_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)
    """Messages are committed when this much of them has come together, bytes; default 32 MiB."""

    derive_interval: Duration = timedelta(seconds=2)
    """Time between two appends to the same inferences table, seconds: commits of that time are derived together;
    default 2."""

    derive_timeout: Duration = timedelta(seconds=60)
    """Time that one piece of an inferences table may take; after that the table waits, seconds; default 60."""

    write_timeout: Duration = timedelta(seconds=15)
    """Time that the storage of one table has for an append; after that the table waits, seconds; default 15."""

    waiting_bytes: int | None = Field(default=None, ge=1)
    """Most that a table which cannot be written keeps in `REQUESTS`, bytes; default a quarter of the stream's cap."""

    parking_bytes: int = Field(default=8 * 1024 * 1024 * 1024, ge=0)
    """Most that lies in `inference-logger/parking` under the home folder, bytes, of records of tables that cannot be
    written and keep too much of `REQUESTS`; what does not fit is dropped; default 8 GiB."""

    requests_kept: Duration = timedelta(hours=24)
    """Age at which committed messages are purged from `REQUESTS`, seconds; default 24 hours."""

    merge_interval: Duration = timedelta(minutes=1)
    """Time between two looks for tables with many new small files, which are merged, seconds; default 60."""

    tidy_interval: Duration = timedelta(minutes=10)
    """Time between two passes over all tables, seconds: files are merged further, old ones and old rows removed, old
    entries of their logs too; default 600."""

    files_kept: Duration = timedelta(days=2)
    """Age at which files that no table version needs are deleted, seconds; default 2 days, for readers that come once a
    day."""

    commits_kept: int = Field(default=3_600, ge=100)
    """Newest commits of a table in the local file system whose entries in its log are kept, 3,600 being an hour of a
    commit each second: every commit and every reader lists them all. Only these versions can be read, and followed by
    a streaming reader that was away; default 3600."""

    object_store_commits_kept: int = Field(default=100_000, ge=100)
    """The same of a table in an object store, which lists from the newest checkpoint on; default 100000."""

    rows_kept: Duration | None = Field(default=None, ge=timedelta(days=2))
    """Age at which rows are removed from every table, labels too, a whole day (UTC) at a time: seconds, or such as
    P90D; at least 2 days. Default: for ever."""

    queries: int = Field(default=4, ge=1, le=64)
    """Queries of tables that run at once (pages of rows, statistics, downloads); one more is refused; default 4."""

    query_timeout: Duration = timedelta(seconds=30)
    """Time that a page of rows, or statistics, may take to be found, seconds; default 30."""

    download_timeout: Duration = timedelta(minutes=10)
    """Time that a download may take to be made, what the reader takes not counted, seconds; default 600."""

    query_memory: int = Field(default=256 * 1024 * 1024, ge=16 * 1024 * 1024)
    """Memory for the sketches of one query's statistics, bytes; default 256 MiB."""

    source_timeout: Duration = timedelta(minutes=5)
    """Time that reading a label source may take, what is taken of it not counted, seconds; default 300."""

    source_bytes: int = Field(default=1024 * 1024 * 1024, ge=1024 * 1024)
    """Most that lies in `inference-logger/label-sources` under the home folder, bytes, of what was read of one label
    source and is not taken yet; default 1 GiB."""

    replica: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    """What this process is called among several that share the tables; `hostname`: as its machine or container.
    Needs PostgreSQL, one database and one home folder for all; default empty: it is the only one."""

    replica_lease: Duration = timedelta(seconds=10)
    """Time without a sign of a replica after which the others take its tables, seconds; default 10."""

    nice: int = Field(default=10, ge=0, le=19)
    """Niceness of the process, so that a burst is answered before it is written; default 10."""

    @property
    def store_url(self) -> str:
        """URL of the database, the default filled in."""
        home = self.home.resolve()
        return self.database_url or f"sqlite+aiosqlite:///{home}/inference-logger/inference-logger.db"

    @property
    def process_name(self) -> str:
        """What this process is called."""
        host = re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname())[:64]
        name = host if self.replica == "hostname" else self.replica
        return f"inference-logger-{name}" if name else "inference-logger"

    @property
    def tables_root(self) -> str:
        """Root of the tables, the default filled in."""
        return self.tables or str(self.home.resolve() / "tables")

    @property
    def parking_root(self) -> Path:
        """Folder of the parking area."""
        return self.home.resolve() / "inference-logger" / "parking"

    @property
    def sources_root(self) -> Path:
        """Folder of what was read of label sources."""
        return self.home.resolve() / "inference-logger" / "label-sources"
