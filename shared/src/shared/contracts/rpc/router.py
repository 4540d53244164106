"""What every router is asked, each for itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.contracts.base import Contract
from shared.contracts.rpc.method import RpcMethod


class ReachQuery(Contract):
    """Does a router reach this pod?"""

    address: Annotated[str, StringConstraints(max_length=300, pattern=r"^\S+:[0-9]{1,5}$")] = Field(
        description="`host:port`, as routes have it."
    )


class ReachAnswer(Contract):
    """Of one router: whether a connection could be opened. Nothing is sent over it."""

    router: str = Field(description="Its name, such as `router-1`.")
    problem: str | None = Field(default=None, description="Why not, in words; None: it reaches the address.")


REACH = RpcMethod("router", "reach", ReachQuery, ReachAnswer)
"""Answered by every process, as a service's status is: `shared.bus.every_process`."""
