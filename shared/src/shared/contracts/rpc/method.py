"""How one service asks another: a method has an owner, a name, and the shapes of request and reply."""

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
class Method:
    """One question: who answers, its name, its shapes."""

    service: str
    name: str
    request: type[Contract]
    reply: type[Contract]

    @property
    def subject(self) -> str:
        """Subject that the owner answers on (queue group = the service)."""
        return f"penstock.rpc.{self.service}.{self.name}"


def replay_method(service: str) -> Method:
    """Ask a service to try one of its dead letters again; every service that consumes facts answers it."""
    return Method(service, "replay_dead_letter", DeadLetterRef, Nothing)
