"""Settings of the inference logger: environment variables `INFERENCE_LOGGER_…`, read once, in `__main__`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from inference_logger.clients.delta import Upkeep
from shared.settings import DatabaseSettings, Duration


class InferenceLoggerSettings(DatabaseSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix="INFERENCE_LOGGER_")

    database_url: str = ""
    """SQLAlchemy URL of the catalogue; default an SQLite file, `inference-logger/catalogue.db` under the home folder."""

    admin_port: int = 9105
    """TCP port of /metrics, /healthz and /readyz on `admin_host`; default 9105."""

    tables: Path | None = None
    """Default root of inference tables, a folder; default `tables` under the home folder."""

    commit_interval: Duration = timedelta(seconds=1.5)
    """Least time between two commits, seconds; default 1.5. Rows are readable about this long after the request."""

    commit_bytes: int = Field(default=16 * 1024 * 1024, ge=64 * 1024)
    """Messages gathered into one commit, bytes, at most about; default 16 MiB."""

    requests_kept: Duration = timedelta(hours=24)
    """Age at which what is in the tables is purged from the request log, seconds; default 24 h."""

    purge_above: float = Field(default=0.75, gt=0, le=1)
    """How full the request log may be (0..1) before all that is in the tables is purged, however young; default 0.75."""

    upkeep_interval: Duration = timedelta(minutes=10)
    """How often small files are compacted, seconds; default 10 min."""

    vacuum_interval: Duration = timedelta(hours=6)
    """How often files that no version needs are deleted, seconds; default 6 h."""

    compact_least_files: int = Field(default=20, ge=2)
    """Small files of one day that are worth compacting; default 20."""

    target_file_bytes: int = Field(default=128 * 1024 * 1024, ge=1024 * 1024)
    """Size of a compacted file, bytes, about; default 128 MiB."""

    removed_kept: Duration = Field(default=timedelta(hours=24), ge=timedelta(hours=1))
    """How long a compacted file's sources stay for readers of older versions, seconds; default 24 h, at least 1 h."""

    log_kept: Duration = timedelta(hours=48)
    """How long a table's commits can be read one by one, seconds; default 48 h."""

    checkpoint_commits: int = Field(default=100, ge=1)
    """Commits of a table between two checkpoints of its log; default 100."""

    announce_interval: Duration = timedelta(seconds=10)
    """Least time between two TableCommitted events of one table, seconds; default 10."""

    rows_days: int = Field(default=31, ge=1)
    """Days with rows that a question for rows looks through, newest first; default 31."""

    nice: int = Field(default=10, ge=0, le=19)
    """Added to the process' niceness, so that a burst is answered before it is written; default 10."""

    @property
    def store_url(self) -> str:
        """URL of the catalogue, the default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home.resolve()}/inference-logger/catalogue.db"

    @property
    def root(self) -> Path:
        """Default root of tables, absolute."""
        return (self.tables or self.home / "tables").resolve()

    def upkeep(self) -> Upkeep:
        """How tables are kept tidy."""
        return Upkeep(
            log_kept=self.log_kept,
            removed_kept=self.removed_kept,
            checkpoint_commits=self.checkpoint_commits,
            target_file_bytes=self.target_file_bytes,
            least_small_files=self.compact_least_files,
        )
