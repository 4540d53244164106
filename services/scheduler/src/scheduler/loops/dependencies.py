"""What the loops share: the parts of the scheduler that they call, and what one loop leaves for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.clients import EndpointsPublisher
from scheduler.domain.autoscaling import AutoscalerTiming
from scheduler.domain.ports import Backend
from scheduler.handlers.observations import ObservationContext
from scheduler.handlers.views import LatestUsage
from scheduler.loops.metrics import SchedulerMetrics
from scheduler.loops.wakeup import Wakeup
from scheduler.store.lease import Lease
from scheduler.store.runs import RunKey
from shared.bus import Bus
from shared.clock import Clock


@dataclass
class LoopDependencies:
    """What the loops work with."""

    lease: Lease
    backend: Backend
    bus: Bus
    routes: EndpointsPublisher
    clock: Clock
    steady_clock: Clock
    """Measures how long a version has been trying, whoever sets the machine's clock meanwhile."""
    observer: ObservationContext
    metrics: SchedulerMetrics
    autoscaler_timing: AutoscalerTiming = field(default_factory=AutoscalerTiming)
    usage: LatestUsage = field(default_factory=LatestUsage)
    reconcile_wakeup: Wakeup = field(default_factory=Wakeup)
    routes_wakeup: Wakeup = field(default_factory=Wakeup)
    autoscale_wakeup: Wakeup = field(default_factory=Wakeup)
    jobs_wakeup: Wakeup = field(default_factory=Wakeup)
    token_of: Callable[[str], str | None] = lambda _: None
    """The token that a pod is called with, by its name."""
    is_resynced: bool = False
    follow_new_controller: bool = False
    """Believe the list of a controller whose database is another one than before."""
    has_other_controller: bool = False
    """Its list is not believed, for that reason."""
    open_runs: frozenset[RunKey] | None = None
    """Runs that are stored and open; None until every run that the backend knows was stored."""
