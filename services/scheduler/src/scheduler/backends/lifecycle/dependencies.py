"""What every pod of a machine works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.backends.lifecycle.runner import Runner
from scheduler.backends.preparation.variables import AskForSecrets
from scheduler.domain.ports import Reach, RouteStatus
from scheduler.domain.values import Observation
from shared.clock import Clock


@dataclass(frozen=True)
class PodDependencies:
    """What every pod of a backend shares. `fence` raises once another scheduler leads."""

    runner: Runner
    options: LifecycleOptions
    routes: RouteStatus
    clock: Clock
    fence: Callable[[], Awaitable[None]]
    emit: Callable[[Observation], None]
    ask_for_secrets: AskForSecrets | None = None
    reach: Reach | None = None
