"""Settings of the controller: environment variables `CONTROLLER_…`, read once, in `__main__`."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from controller.domain.access.roles import Role
from controller.domain.inference_tables.locations import TableRoot
from shared.security.addresses import AddressRule
from shared.settings import DatabaseSettings, Duration

_LISTS = (
    *("allowed_registries", "allowed_databases", "allowed_retrainers", "allowed_hosts", "routers", "inference_loggers"),
    *("table_roots", "old_secret_keys"),
)
"""Written with commas between."""


class ControllerSettings(DatabaseSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix="CONTROLLER_")

    host: str = "127.0.0.1"
    """Address that the control plane listens on; default 127.0.0.1."""

    port: int = Field(
        default=8000, ge=0, le=65535, validation_alias=AliasChoices("CONTROLLER_PORT", "PENSTOCK_API_PORT", "port")
    )
    """TCP port of the control plane; default 8000. Not used when a socket is inherited (LISTEN_FDS=1, descriptor 3)."""

    admin_port: int = 9101
    """TCP port of /metrics, /healthz and /readyz on `admin_host`; default 9101."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Host names, comma-separated, by which callers may reach the control plane besides localhost; default none."""

    routers: Annotated[tuple[str, ...], NoDecode] = ()
    """Ids of the routers that are wanted, comma-separated: one that never answered is away; default none."""

    inference_loggers: Annotated[tuple[str, ...], NoDecode] = ()
    """Ids of the inference-loggers that are wanted, comma-separated, where several share the tables; default none."""

    stream_replicas: int = Field(default=1, ge=1, le=5)
    """Servers of the bus that keep each stream and bucket, where several form a cluster: 1, 3 or 5; default 1."""

    admin_token: SecretStr | None = None
    """The first token, at least 32 characters; default: one is made at first start and written to `admin-token`."""

    mlflow_url: str = Field(
        default="http://127.0.0.1:5000",
        validation_alias=AliasChoices("CONTROLLER_MLFLOW_URL", "MLFLOW_TRACKING_URI", "mlflow_url"),
    )
    """URL of the MLflow tracking server, with user and password where it wants them; default http://127.0.0.1:5000."""

    mlflow_public_url: str | None = None
    """URL of that server as people reach it, for the console; default: `mlflow_url` without user and password."""

    mlflow_username: str | None = Field(
        default=None, validation_alias=AliasChoices("MLFLOW_TRACKING_USERNAME", "mlflow_username")
    )
    """User at that server, with a password; MLflow's own variable, which the scheduler reads too; default none."""

    mlflow_password: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("MLFLOW_TRACKING_PASSWORD", "mlflow_password")
    )
    """Password of that user; default none."""

    mlflow_token: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("MLFLOW_TRACKING_TOKEN", "mlflow_token")
    )
    """Bearer token for that server, where no user is given; default none."""

    mlflow_timeout: Duration = timedelta(seconds=10)
    """Time that MLflow has for one answer, seconds; default 10."""

    public_url: str | None = None
    """Base URL of the router as callers reach it; default http://127.0.0.1:<PENSTOCK_PORT>."""

    console: Path | None = None
    """Folder of the console's built files; default: those of the installed `penstock-console`, where it has any."""

    console_url: str | None = None
    """URL at which browsers reach the console, with the path prefix of a proxy; default: where a request is sent to."""

    router_url: str | None = None
    """Base URL of the router as the controller reaches it, for debug requests; default http://127.0.0.1:<PENSTOCK_PORT>."""

    router_port: int = Field(default=8080, validation_alias=AliasChoices("PENSTOCK_PORT", "router_port"))
    """The router's port, for the defaults of `public_url` and `router_url`; default 8080."""

    database_url: str = ""
    """SQLAlchemy URL; default an SQLite file, `controller/controller.db` under the home folder."""

    secret_key: SecretStr | None = None
    """Key that seals secrets, 32 bytes as 64 hexadecimal digits; default: made at first start, in `secret-key`."""

    old_secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Keys, comma-separated, that seal nothing any more and still open what they sealed; default none."""

    allowed_registries: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts and CIDRs, comma-separated, of further tracking servers that are not public addresses; default none."""

    allowed_databases: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts and CIDRs, comma-separated, of PostgreSQL servers that label sources may query although they are not public
    addresses; default none."""

    allowed_retrainers: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts and CIDRs, comma-separated, of systems that retraining triggers may call although they are not public
    addresses; default none."""

    token_lifetime: Duration = timedelta(days=90)
    """How long a token lives where its maker asks for nothing else; default 90 days."""

    oidc_issuer: str | None = None
    """URL of an OpenID Connect issuer whose signed tokens are accepted besides our own; default none."""

    oidc_audience: str = "penstock"
    """Audience (`aud`) that such a token must name; default penstock."""

    oidc_client_id: str | None = None
    """Name that the issuer knows the console by: people sign in to it there; default none. Its address to come back to
    is `<console_url>/api/v1/session/oidc/callback`."""

    oidc_client_secret: SecretStr | None = None
    """Secret of that client, where it has one; default none."""

    oidc_scopes: str = "openid profile"
    """What the console asks the issuer for, separated by spaces; default `openid profile`."""

    oidc_name_claim: str = "preferred_username"
    """Claim that names a user who signs in for the first time (`sub` where it is missing)."""

    oidc_roles_claim: str | None = None
    """Claim with a list of `<project>:<role>` and `admin` that the token grants, or the path to it
    (`realm_access.roles`); default none: roles are given here."""

    max_active_versions: int = Field(default=2, ge=1, le=16)
    """Versions of one service that may be active at once; default 2."""

    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    """ISO 4217 code of the currency that prices of resource specs are in; default USD."""

    table_roots: Annotated[tuple[str, ...], NoDecode] = ()
    """Folders, comma-separated, under which versions may put tables besides the platform's own: `/folder` for every
    project, `project=/folder` for that one alone, `project=s3://bucket/prefix` where it may define destinations in
    object stores; default none."""

    terminal_role: Role = Role.EDITOR
    """What a member must be in a service's project to open a terminal in its pods: editor, admin; default editor."""

    terminal_idle: Duration = timedelta(minutes=15)
    """Time without a byte in either direction after which a terminal is closed; default 15 minutes."""

    terminal_lifetime: Duration = timedelta(hours=8)
    """How long a terminal may be open; default 8 hours."""

    terminal_sessions: int = Field(default=5, ge=1, le=100)
    """Terminals that one user may have open; default 5."""

    terminal_recordings: Path | None = None
    """Folder in which what terminals print is kept, as asciicast v2, a file for each session; default: it is not."""

    terminal_recording_limit: int = Field(default=16 * 1024 * 1024, ge=64 * 1024)
    """Size at which a recording stops growing, bytes; default 16 MiB."""

    routes_interval: Duration = timedelta(seconds=3)
    """Time between two comparisons of the whole route table with what it should say, seconds; default 3."""

    resync_interval: Duration = timedelta(seconds=15)
    """Time between two questions to the scheduler about every version, seconds; default 15."""

    retraining_interval: Duration = timedelta(seconds=10)
    """Time between two looks at the registry for what retrainings have made, seconds; default 10."""

    alias_interval: Duration = timedelta(seconds=30)
    """Time between two looks at the aliases that versions follow, seconds; default 30."""

    canary_interval: Duration = timedelta(seconds=5)
    """Time between two looks at the canaries that are not over, seconds; default 5."""

    @field_validator(*_LISTS, mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("allowed_registries", "allowed_databases", "allowed_retrainers")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        AddressRule.of(value)
        return value

    @field_validator("table_roots")
    @classmethod
    def _roots(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for root in value:
            TableRoot.parse(root)
        return value

    @field_validator("secret_key", "old_secret_keys")
    @classmethod
    def _a_key(cls, value: SecretStr | tuple[SecretStr, ...] | None) -> SecretStr | tuple[SecretStr, ...] | None:
        for key in (value,) if isinstance(value, SecretStr) else value or ():
            if not re.fullmatch(r"[0-9a-fA-F]{64}", key.get_secret_value()):
                raise ValueError("a secret key must be 64 hexadecimal digits")
        return value

    @field_validator("console_url")
    @classmethod
    def _a_page(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://none")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("CONTROLLER_CONSOLE_URL must be an http:// or https:// URL without a query")
        return value.rstrip("/") if value else None

    @field_validator("console")
    @classmethod
    def _holds_a_page(cls, value: Path | None) -> Path | None:
        if value is not None and not (value / "index.html").is_file():
            raise ValueError("CONTROLLER_CONSOLE must be a folder with an index.html")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _over_tls(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://none")
        if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("CONTROLLER_OIDC_ISSUER must be an https:// URL")
        return value

    @field_validator("admin_token")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("CONTROLLER_ADMIN_TOKEN must have at least 32 characters")
        return value

    @property
    def store_url(self) -> str:
        """URL of the database, the default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home.resolve()}/controller/controller.db"

    @property
    def data_plane_url(self) -> str:
        """Base URL of the data plane as the controller reaches it, without a slash at its end."""
        return (self.router_url or f"http://127.0.0.1:{self.router_port}").rstrip("/")

    @property
    def callers_url(self) -> str:
        """Base URL of the data plane as callers reach it, without a slash at its end."""
        return (self.public_url or f"http://127.0.0.1:{self.router_port}").rstrip("/")

    @property
    def peoples_mlflow_url(self) -> str:
        """URL of the tracking server as people reach it, without credentials."""
        parts = urlsplit(self.mlflow_public_url or self.mlflow_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
