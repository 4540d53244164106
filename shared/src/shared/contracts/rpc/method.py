"""RPC between services: a method has an owner, a name, and the schemas of request and reply."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from shared.contracts.base import Contract


class Nothing(Contract):
    """No arguments, or no result."""


class DeadLetterRef(Contract):
    """One dead letter, by its place in the stream."""

    id: int = Field(ge=1)


@dataclass(frozen=True)
class RpcMethod:
    """One RPC method: the service that owns it, its name, its request and reply."""

    service: str
    name: str
    request: type[Contract]
    reply: type[Contract]

    @property
    def subject(self) -> str:
        """Subject that the owner subscribes to (queue group = the service)."""
        return f"penstock.rpc.{self.service}.{self.name}"


def replay_method(service: str) -> RpcMethod:
    """The method that replays a dead letter of `service`; every service that consumes events serves it."""
    return RpcMethod(service, "replay_dead_letter", DeadLetterRef, Nothing)
