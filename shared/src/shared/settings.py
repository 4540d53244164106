"""Settings that every service has; each service adds its own in one frozen class with a prefix of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _from_seconds(value: Any) -> Any:
    """Pydantic refuses the string `30`, which is what an environment variable in seconds looks like."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


Duration = Annotated[timedelta, BeforeValidator(_from_seconds)]
"""A time span; in the environment a number of seconds, or ISO 8601."""


class ServiceSettings(BaseSettings):
    """Read from the environment once, in `__main__`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # what is refused may be a password
    )

    nats_url: SecretStr = SecretStr("nats://127.0.0.1:4222")
    """Address of the bus, with user and password: `nats://user:password@host:port`."""

    home: Path = Field(default=Path(".penstock"), validation_alias=AliasChoices("PENSTOCK_HOME", "home"))
    """Folder of everything that this platform keeps (`PENSTOCK_HOME`)."""

    admin_host: str = "127.0.0.1"
    """Address that `/metrics`, `/healthz` and `/readyz` are bound to."""

    admin_port: int = Field(default=0, ge=0, le=65535)
    """Port of `/metrics`, `/healthz` and `/readyz`."""

    log_level: str = "INFO"
    """Least severe level that is logged: DEBUG, INFO, WARNING, ERROR."""

    otlp_endpoint: str | None = Field(
        default=None, validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT", "otlp_endpoint")
    )
    """Where traces go by OTLP over HTTP; nothing is exported when it is not set."""


class DatabaseSettings(ServiceSettings):
    """Settings of a service that owns a database."""

    database_url: str
    """SQLAlchemy URL: `sqlite+aiosqlite:////path/file.db` or `postgresql+psycopg://user:password@host/name`."""
