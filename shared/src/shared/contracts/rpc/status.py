"""How a service is: every service answers it, each of its processes for itself."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.rpc.method import Nothing, RpcMethod


class StoreSize(Contract):
    """What a service keeps in its database."""

    kind: Literal["sqlite", "postgresql"]
    bytes: int


class SpoolFill(Contract):
    """What a router has answered and the bus has not stored yet."""

    bytes: int = Field(description="Disk that its files take; the one that is written to counts whole.")
    max_bytes: int
    oldest_age_s: float | None = Field(
        default=None, description="Since the oldest file that waits was last written to; None: none waits."
    )


class LoggerBacklog(Contract):
    """What the inference logger has not written into tables yet."""

    pending: int = Field(description="Messages of the request log that it has not taken yet.")
    unacked: int = Field(description="Messages that it has taken and is writing.")
    oldest_age_s: float | None = Field(default=None, description="Age of the oldest of them; None: there is none.")


class ServiceStatus(Contract):
    """One process of a service."""

    name: str = Field(description="The service's name; of a router with its id.")
    version: str
    since: datetime = Field(description="When it was started.")
    store: StoreSize | None = None
    spool: SpoolFill | None = None
    backlog: LoggerBacklog | None = None
    problem: str | None = Field(default=None, description="Why it cannot do its work, in a sentence; None: it can.")


def status_method(service: str) -> RpcMethod:
    """The method that says how `service` is."""
    return RpcMethod(service, "status", Nothing, ServiceStatus)
