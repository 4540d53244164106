"""Settings of the monitor: environment variables `MONITOR_…`, read once, in `__main__`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.security.addresses import AddressRule
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

    metrics_store: Literal["own", "prometheus"] = "own"
    """Where charts and summaries are read from: `own`, or `prometheus`, the server at `prometheus_url`; default own."""

    prometheus_url: SecretStr = SecretStr("")
    """Address of a Prometheus server that scrapes the platform, such as `http://user:password@prometheus:9090`."""

    logs_kept: Duration = timedelta(days=15)
    """Age at which log lines are deleted, seconds; default 15 days."""

    logs_max_bytes: int = Field(default=8 * 1024**3, ge=1024 * 1024)
    """What all log lines may take, about; then services that print most lose their oldest. Bytes, default 8 GiB."""

    events_kept: Duration = timedelta(days=30)
    """Age (last seen) at which events are deleted, seconds; default 30 days."""

    alerts_kept: Duration = timedelta(days=90)
    """Age (since they were resolved) at which alerts and their deliveries are deleted, seconds; default 90 days."""

    allowed_channels: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts, addresses and CIDRs, comma-separated, that alerts may be sent to though not public; default none."""

    windows_kept: Duration = timedelta(days=90)
    """Age at which verdicts of quality rules' windows are deleted, seconds; default 90 days."""
    retrainings_kept: Duration = timedelta(days=365)
    """Age (since their end) at which retrainings are deleted, seconds; default 365 days."""

    retraining_interval: Duration = timedelta(seconds=10)
    """Time between two questions to a system outside that retrains, seconds; default 10."""

    nice: int = Field(default=10, ge=0, le=19)
    """Niceness of the process, so that a burst is answered before it is counted; default 10."""

    @field_validator("allowed_channels", mode="before")
    @classmethod
    def _between_commas(cls, given: object) -> object:
        return tuple(each.strip() for each in given.split(",") if each.strip()) if isinstance(given, str) else given

    @field_validator("allowed_channels")
    @classmethod
    def _hosts_or_networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        AddressRule.of(given)
        return given

    @model_validator(mode="after")
    def _has_its_server(self) -> Self:
        if self.metrics_store == "prometheus" and not self.prometheus_url.get_secret_value():
            raise ValueError("metrics_store is prometheus: prometheus_url must say where the server is")
        return self

    @property
    def store_url(self) -> str:
        """URL of the database, the default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home.resolve()}/monitor/monitor.db"
