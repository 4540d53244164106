"""Settings of the router: `ROUTER_…`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Duration, ServiceSettings


class RouterSettings(ServiceSettings):
    """Read from the environment once, in `__main__`."""

    model_config = SettingsConfigDict(env_prefix="ROUTER_")

    id: str = Field(default="0", pattern=r"^[A-Za-z0-9_-]{1,63}$")
    """Names this router among others: its folder, its samples. Default 0."""

    host: str = "127.0.0.1"
    """Address of the data plane. Default 127.0.0.1."""

    port: int = Field(
        default=8080, ge=0, le=65535, validation_alias=AliasChoices("ROUTER_PORT", "PENSTOCK_PORT", "port")
    )
    """TCP port of the data plane; not used when a socket is inherited (`LISTEN_FDS=1`, descriptor 3). Default 8080."""

    admin_port: int = Field(default=9103, ge=0, le=65535)
    """TCP port of /metrics, /healthz, /readyz. Default 9103."""

    base_domain: str = Field(default="", pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)*)?$")
    """`<service>.<this>` in the Host header stands for `/<service>` in the path. Default none."""

    tls_certificate: Path | None = None
    """PEM file with the certificate chain; with it the data plane speaks HTTPS. Default none."""

    tls_key: Path | None = None
    """PEM file with the certificate's private key. Default none."""

    heartbeat: Duration = timedelta(seconds=2)
    """How often this router says that it lives, seconds: live routers share the rate limits. Default 2."""

    max_held_requests: int = Field(default=1024, ge=1)
    """Requests of one version that may wait for a pod, or for the rate limit's turn. Default 1024."""

    header_timeout: Duration = timedelta(seconds=10)
    """How long a request's head may take, seconds. Default 10."""

    body_timeout: Duration = timedelta(seconds=30)
    """How long a body may take, seconds, unless 1 KiB/s flows. Default 30."""

    connect_timeout: Duration = timedelta(milliseconds=400)
    """How long a connection to a pod may take, seconds. Default 0.4."""

    ejection: Duration = timedelta(seconds=3)
    """How long a pod that refused a connection is avoided, seconds. Default 3."""

    drain_timeout: Duration = Field(default=timedelta(seconds=6), le=timedelta(seconds=8))
    """How long requests in flight have after SIGTERM, seconds. Default 6, at most 8."""

    flush_timeout: Duration = Field(default=timedelta(seconds=1), ge=timedelta(0), le=timedelta(minutes=10))
    """How long, after that, records that the bus lacks may take to reach it, seconds; the rest stays on disk for the
    next router of this folder. Default 1, at most 600."""

    max_buffered_bytes: int = Field(default=512 * 1024 * 1024, ge=32 * 1024 * 1024)
    """Bodies of requests and answers held in memory at once, bytes. Default 512 MiB."""

    routes_poll: Duration = timedelta(milliseconds=300)
    """How often the bucket's last sequence is compared, seconds. Default 0.3."""

    routes_relist: Duration = timedelta(seconds=60)
    """How often the whole bucket is listed, seconds. Default 60."""

    routes_grace: Duration = timedelta(minutes=5)
    """How long routes are kept that a bucket made anew does not mention, after their writer is back. Default 5 min."""

    spool_max_bytes: int = Field(default=1024 * 1024 * 1024, ge=16 * 1024 * 1024)
    """Disk that the request spool may take, bytes. Default 1 GiB."""

    spool_linger: Duration = timedelta(milliseconds=50)
    """How long records gather into one message, seconds. Default 0.05."""

    publish_batch_records: int = Field(default=100, ge=1)
    """Most records of one message. Default 100."""

    publish_batch_bytes: int = Field(default=1024 * 1024, ge=1024, le=6 * 1024 * 1024)
    """Most bytes of one message, unless one record alone is larger. Default 1 MiB."""

    publish_window: int = Field(default=16, ge=1)
    """Messages that may wait for their PubAck at once. Default 16."""

    sample_interval: Duration = timedelta(seconds=10)
    """How often traffic is reported, seconds. Default 10."""

    @property
    def folder(self) -> Path:
        """Where this router keeps its snapshot and its spool."""
        return self.home / "router" / self.id
