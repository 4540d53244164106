"""Facts about the runs of pods, for metering. Producer: scheduler; consumer: controller.

Of each run both are said once, repeats and any order are harmless: each says all that is known.
"""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.runs import PodRun
from shared.events.base import Event


class RunFact(PodRun, Event):
    """What every fact about a run carries."""

    entity: ClassVar[str] = "run"

    def key(self) -> str:
        """The pod's name."""
        return self.pod


class RunStarted(RunFact):
    """A pod's process was started."""

    fact: ClassVar[str] = "started"


class RunEnded(RunFact):
    """A pod's process ended, asked to or not."""

    fact: ClassVar[str] = "ended"
