"""The client that commands talk through."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from penstock.contexts import Contexts, Target, target_of
from penstock.launcher.home import Home

if TYPE_CHECKING:
    from penstock.client import Client


def connect() -> Client:
    """A client of the control plane that environment, contexts and this machine point to."""
    from penstock.client import Client  # noqa: PLC0415 - the launcher's commands need no HTTP

    found = target()
    return Client(found.url, found.token)


def target() -> Target:
    """Where the control plane is, and the token for it."""
    return target_of(os.environ, Contexts.load(), Home.from_environment(os.environ))
