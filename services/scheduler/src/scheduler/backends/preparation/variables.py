"""A pod's environment variables: plain ones from its deployment, and values of secrets, asked for at each start.

The values of secrets reach the pod through a file that is in memory alone and has no name, by descriptor: they are in
no file of the pod, no command line and no other process' environment.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from shared.contracts.deployment import Deployment, SecretKeyRef

if TYPE_CHECKING:
    from collections.abc import Iterator

AskForSecrets = Callable[[UUID, Sequence[SecretKeyRef]], Awaitable[Sequence[str]]]
"""The values that the controller has for a version, in the order asked for."""


def plain_variables(deployment: Deployment) -> dict[str, str]:
    """Those whose values stand in the deployment."""
    return {name: value for name, value in deployment.env.items() if isinstance(value, str)}


async def secret_variables(ask: AskForSecrets | None, deployment: Deployment) -> dict[str, str]:
    """Those whose values are secrets. Raises what the controller answers, and `Unavailable` where it does not."""
    named = {name: value for name, value in deployment.env.items() if isinstance(value, SecretKeyRef)}
    if not named or ask is None:
        return {}
    values = await ask(deployment.version_id, tuple(named.values()))
    return dict(zip(named, values, strict=True))


@contextmanager
def handed_over(variables: Mapping[str, str]) -> Iterator[list[int]]:
    """A descriptor that the variables can be read from, as JSON; none where there are no variables."""
    if not variables:
        yield []
        return
    descriptor = _nameless()
    try:
        os.write(descriptor, json.dumps(dict(variables)).encode())
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield [descriptor]
    finally:
        os.close(descriptor)


def _nameless() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("environment")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
