"""Settings of the monitor: environment variables `MONITOR_…`, read once, in `__main__`."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import DatabaseSettings, Duration


class MonitorSettings(DatabaseSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix="MONITOR_")

    database_url: str = ""
    """SQLAlchemy URL; default an SQLite file, `monitor/monitor.db` under the home folder."""

    admin_port: int = 9104
    """TCP port of /metrics, /healthz and /readyz on `admin_host`; default 9104."""

    metrics_kept: Duration = timedelta(days=30)
    """Age at which metrics by 5 minutes and by the hour are deleted, seconds; default 30 days."""

    metrics_minutes_kept: Duration = timedelta(days=7)
    """Age at which metrics by the minute are deleted, seconds; default 7 days."""

    logs_kept: Duration = timedelta(days=15)
    """Age at which log lines are deleted, seconds; default 15 days."""

    events_kept: Duration = timedelta(days=30)
    """Age (last seen) at which events are deleted, seconds; default 30 days."""

    nice: int = Field(default=10, ge=0, le=19)
    """Added to the process' niceness, so that a burst is answered before it is counted; default 10."""

    @property
    def store_url(self) -> str:
        """URL of the database, the default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home.resolve()}/monitor/monitor.db"
