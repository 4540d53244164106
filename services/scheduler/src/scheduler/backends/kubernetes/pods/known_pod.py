"""A pod as the cluster was last seen to have it, and what this scheduler remembers of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from scheduler.backends.kubernetes.facts.pods import PodFacts
from scheduler.backends.kubernetes.facts.runs import RunFacts
from scheduler.backends.kubernetes.facts.sentences import WaitReason
from scheduler.domain.values import PodNote
from shared.contracts.deployment import PodReport


@dataclass
class KnownPod:
    """One pod: what it was last seen as, and what is remembered of it."""

    facts: PodFacts
    generation: int = 0
    note: PodNote | None = None
    """The last thing that was said of its preparation."""
    wait: WaitReason | None = None
    ended_run: int = -1
    last_exit: str | None = None
    is_leaving: bool = False
    """This scheduler takes it away."""
    is_surplus: bool = False
    is_lost: bool = False
    """The cluster doubts it, and it does not answer here either."""
    report: PodReport | None = None
    report_run: int = -1
    told_image: str | None = None
    """The image whose digest was told."""
    killed_for: PodNote | None = None
    """Why kubelet is about to end its container."""
    ended_runs: dict[int, RunFacts] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether callers may be sent to it."""
        facts = self.facts
        serves = facts.is_ready and facts.stage == "serving" and facts.address is not None
        is_kept = not facts.is_deleted and not self.is_leaving and not (facts.is_doubted and self.is_lost)
        return serves and is_kept and self.report_run == facts.run
