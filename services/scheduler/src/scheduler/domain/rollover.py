"""Whether the replacing of a running version's pods gets anywhere, while the old ones serve on.

The same limits as for a first start (`verdict`), counted anew with every further pod that gets ready, as Kubernetes
does with `progressDeadlineSeconds`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.domain.values import RunEnd
from scheduler.domain.verdict import PodCounts, VerdictLimits, VersionFailure, VersionProgress, after_count, after_end


@dataclass(frozen=True)
class Rollover:
    """A roll-over under way. Pods of `generation` or newer are new; at most `most_ready` of them were ready at once."""

    generation: int
    progress: VersionProgress
    most_ready: int = 0

    @property
    def failure(self) -> VersionFailure | None:
        """Why the new pods were given up; None while they are not."""
        return self.progress.failure


def on_new_template(
    rollover: Rollover | None, *, is_serving: bool, same_template: bool, generation: int, now: datetime
) -> Rollover | None:
    """The roll-over under a newer intent: another template begins one, if the version serves; scaling keeps it."""
    if not is_serving:
        return None
    return rollover if same_template else Rollover(generation, VersionProgress(trying_since=now))


def after_new_end(rollover: Rollover, pod_generation: int, end: RunEnd, limits: VerdictLimits) -> Rollover:
    """The roll-over after a run of one of the version's pods ended; an old pod's says nothing of the new ones."""
    if pod_generation < rollover.generation:
        return rollover
    return replace(rollover, progress=after_end(rollover.progress, end, limits))


def after_new_count(
    rollover: Rollover, new: PodCounts, desired: int, now: datetime, limits: VerdictLimits
) -> Rollover | None:
    """The roll-over after counting its `new` pods; None once it is done."""
    if new.ready >= desired:
        return None
    if new.ready > rollover.most_ready:
        return Rollover(rollover.generation, VersionProgress(trying_since=now), new.ready)
    return replace(rollover, progress=after_count(rollover.progress, replace(new, ready=0), now, limits))
