"""From what the cluster says of pods to what the scheduler observes: each change once, in order.

A pod whose deletion has begun is out of the routes at once, though it serves on for a moment. One that this scheduler
is about to delete is out of them before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from scheduler.backends.kubernetes.api.client import Object
from scheduler.backends.kubernetes.api.informer import Change
from scheduler.backends.kubernetes.facts.pods import PodFacts, Stage, read_pod
from scheduler.backends.kubernetes.facts.sentences import WaitReason
from scheduler.backends.kubernetes.pods.known_pod import KnownPod
from scheduler.domain.start_timeline import IMAGE_PULLED, LOADING_MODEL, loading_words
from scheduler.domain.values import Observation, PodNote, PodObservation, PodsListed, PodStatus, RunEnd
from shared.clock import Clock
from shared.contracts.deployment import PodReport

REASONS: Mapping[Stage, str] = {
    "unplaced": "Scheduling",
    "loading": LOADING_MODEL,
    "backing-off": "BackOff",
    "over": "BackOff",
}
UNMADE = "-unmade-0"
"""End of the name that stands for the pods which the cluster refuses to make."""


@dataclass(frozen=True)
class VersionWanted:
    """What is wanted of a version: the newest generation, its template, its pods."""

    generation: int
    template: str
    replicas: int


class PodObserver:
    """Every pod of this installation."""

    def __init__(
        self,
        emit: Callable[[Observation], None],
        clock: Clock,
        wanted_of: Callable[[UUID], VersionWanted | None],
        on_ready: Callable[[KnownPod], None] = lambda pod: None,
    ) -> None:
        """`on_ready`: a pod says that it is ready; its report has to be read before callers are sent to it."""
        self.pods: dict[str, KnownPod] = {}
        self._by_version: defaultdict[UUID, dict[str, KnownPod]] = defaultdict(dict)
        self.unmade: dict[str, tuple[UUID, WaitReason]] = {}
        self._emit = emit
        self._clock = clock
        self._wanted_of = wanted_of
        self._on_ready = on_ready
        self._is_listed = False
        self.on_gone: Callable[[KnownPod], None] = lambda pod: None

    def listed(self) -> None:
        """All pods that there are were seen once: tell of them."""
        if self._is_listed:
            return
        self._is_listed = True
        self._emit(PodsListed(frozenset(self.pods)))
        for pod in self.pods.values():
            pod.told_image = pod.facts.image  # by an earlier scheduler
            if pod.facts.is_ready:  # adopted: the routes must not be emptied until its report is read
                pod.report_run = pod.facts.run
        for pod in self._changed_first():
            if pod.facts.is_ready:
                self._on_ready(pod)
            self._tell(pod)

    def _changed_first(self) -> list[KnownPod]:
        """Versions with a pod that may have to leave the routes, then those whose pods all serve: of thousands it takes
        long to store what has not changed. The pods of a version that serve come first: its routes are never empty."""
        whole = {each: all(pod.is_ready for pod in pods.values()) for each, pods in self._by_version.items()}
        return sorted(
            self.pods.values(),
            key=lambda pod: (whole[pod.facts.version_id], pod.facts.version_id, not pod.is_ready),
        )

    def changed(self, change: Change, found: Object) -> None:
        """A pod has changed, come or gone."""
        facts = read_pod(found)
        if facts is None:
            return
        pod = self.pods.get(facts.name)
        if pod is None:
            if change == "deleted":
                return
            pod = self.pods[facts.name] = self._by_version[facts.version_id][facts.name] = KnownPod(facts)
            pod.generation = self._generation(facts)
        before, pod.facts = pod.facts, facts
        if facts.version_id != before.version_id:  # somebody has changed its label by hand
            self._unlist(before)
            self._by_version[facts.version_id][facts.name] = pod
        pod.is_lost = pod.is_lost and facts.is_doubted
        if facts.is_deleted and not before.is_deleted:
            pod.is_surplus = pod.is_surplus or self._is_surplus(pod)
        if not self._is_listed:
            return
        if change == "deleted":
            self._remove(pod)
        else:
            self._tell(pod)

    def add_note(self, name: str, note: PodNote, *, is_stage: bool = True) -> None:
        """Something has happened to a pod that its object does not say; `is_stage`: it waits for this now."""
        pod = self.pods.get(name)
        if pod is None or pod.facts.is_deleted:
            return
        if is_stage and note.is_event and pod.facts.stage in {"preparing", "starting"}:
            pod.note = note
        self._emit(self._observation(pod, note=note))

    def tell_once(self, owner: str, version_id: UUID, note: PodNote) -> None:
        """Something has happened to a version: told of one of its pods, or of the pods that it has not."""
        pods = self.of_version(version_id)
        if pods:
            self._emit(self._observation(pods[0], note=note))
            return
        name = f"{owner}{UNMADE}"
        wanted = self._wanted_of(version_id)
        self._emit(replace(_unmade(name, version_id, wanted.generation if wanted else 1), note=note))
        if name not in self.unmade:
            self._emit(_unmade(name, version_id, 0, is_gone=True))

    def explain_kill(self, name: str, note: PodNote) -> None:
        """Kubelet ends the container of a pod, for this reason."""
        if pod := self.pods.get(name):
            pod.killed_for = note

    def set_lost(self, name: str, *, is_lost: bool) -> None:
        """Whether a pod that the cluster doubts answers; one that does serves on."""
        pod = self.pods.get(name)
        if pod is not None and pod.facts.is_doubted and pod.is_lost != is_lost:
            pod.is_lost = is_lost
            self._emit(self._observation(pod))

    def set_report(self, name: str, report: PodReport | None, run: int) -> None:
        """What a pod says of itself in this run; None: nothing."""
        pod = self.pods.get(name)
        if pod is not None and pod.facts.run == run:
            pod.report, pod.report_run = report, run
            self._emit(self._observation(pod))

    def withdraw(self, name: str, *, is_surplus: bool = False) -> None:
        """This scheduler takes a pod away: it is to leave the routes."""
        pod = self.pods.get(name)
        if pod is not None and not pod.is_leaving:
            pod.is_leaving, pod.is_surplus = True, is_surplus
            self._emit(self._observation(pod))

    def keep(self, name: str, note: PodNote) -> None:
        """A pod that was to be taken away stays, and why."""
        if pod := self.pods.get(name):
            pod.is_leaving = pod.is_surplus = False
            self._emit(self._observation(pod, note=note))

    def reinstate(self, version_id: UUID, replicas: int) -> None:
        """Pods that were to go as surplus, and that the cluster kept in place of others, are to serve again."""
        staying = [pod for pod in self.of_version(version_id) if not pod.facts.is_deleted]
        if len(staying) > replicas:
            return
        for pod in staying:
            if pod.is_leaving and pod.is_surplus:
                pod.is_leaving = pod.is_surplus = False
                self._emit(self._observation(pod))

    def tell_version(self, version_id: UUID) -> None:
        """Tell again of a version's pods: its intent is new."""
        for pod in self.of_version(version_id):
            pod.generation = self._generation(pod.facts, pod.generation)
            if self._is_listed:
                self._emit(self._observation(pod))
        for name, (owner, wait) in self.unmade.items():
            if owner == version_id and self._is_listed:
                self._tell_unmade(name, owner, wait)

    def set_unmade(self, owner: str, version_id: UUID, wait: WaitReason | None) -> None:
        """The cluster refuses to make a version's pods, for this reason; None: it does not."""
        name = f"{owner}{UNMADE}"
        known = self.unmade.get(name)
        if wait is None:
            if known is not None:
                del self.unmade[name]
                self._emit(_unmade(name, version_id, 0, is_gone=True))
        elif known is None or known[1] != wait:
            self.unmade[name] = (version_id, wait)
            self._tell_unmade(name, version_id, wait)

    def of_version(self, version_id: UUID) -> list[KnownPod]:
        """The pods of one version; asked at every change of one, so it looks at no other's."""
        return list(self._by_version.get(version_id, {}).values())

    def versions(self) -> set[UUID]:
        """Versions that have pods, or would have them if the cluster made any."""
        return self._by_version.keys() | {owner for owner, _ in self.unmade.values()}

    def waiting_reasons(self) -> Mapping[str, str]:
        """Pods that wait for what they cannot do themselves, and why."""
        found = {name: pod.wait.message for name, pod in self.pods.items() if pod.wait}
        return found | {name: wait.message for name, (_, wait) in self.unmade.items()}

    # ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, pod: KnownPod) -> None:
        """Emit a pod as it is, and what has just happened to it."""
        facts = pod.facts
        for end in self._new_ends(pod):
            pod.ended_run, pod.last_exit = end.run, pod.last_exit if end.is_intended else end.describe()
            self._emit(self._observation(pod, end=end))
        if facts.wait != pod.wait and not _same(facts.wait, pod.wait):
            pod.wait = facts.wait
            if facts.wait is not None:
                self._tell_wait(pod, facts.wait)
        if facts.image is not None and facts.image != pod.told_image:
            pod.told_image = facts.image
            self._emit(self._observation(pod, note=PodNote(IMAGE_PULLED, f"its image is {facts.image}")))
        if facts.stage == "loading" and (pod.note is None or pod.note.reason != LOADING_MODEL):
            does = loading_words(facts.health_path)
            pod.note = PodNote(LOADING_MODEL, f"its container has started; {does}")
            self._emit(self._observation(pod, note=pod.note))
        elif facts.stage == "backing-off":
            pod.note = None
        if facts.is_ready and pod.report_run != facts.run and not facts.is_deleted:
            self._on_ready(pod)
        self._emit(self._observation(pod))

    def _tell_wait(self, pod: KnownPod, wait: WaitReason) -> None:
        if wait.is_terminal:
            end = _never_started(pod.facts.run, wait)
            self._emit(self._observation(pod, end=end))
        else:
            self._emit(self._observation(pod, note=PodNote(wait.reason, wait.message, "warning")))

    def _new_ends(self, pod: KnownPod) -> list[RunEnd]:
        facts = pod.facts
        found = [run.end for run in facts.runs if run.end is not None and run.number > pod.ended_run]
        for run in facts.runs:
            if run.end is not None:
                pod.ended_runs[run.number] = run
        if facts.preparation is not None and facts.preparation.run > pod.ended_run:
            found.insert(0, facts.preparation)
        if facts.eviction is not None and not found and pod.ended_run < facts.run:
            found.append(RunEnd(facts.run, None, None, "Evicted", facts.eviction))
        return [self._explained(pod, end) for end in found]

    def _explained(self, pod: KnownPod, end: RunEnd) -> RunEnd:
        if pod.is_leaving or pod.facts.is_deleted:
            return replace(end, is_intended=True)
        if pod.killed_for is not None and end.reason == "Exited":
            note, pod.killed_for = pod.killed_for, None
            return replace(end, reason=note.reason, message=note.message)
        return end

    def _remove(self, pod: KnownPod) -> None:
        for end in self._new_ends(pod):
            pod.ended_run = end.run
            self._emit(self._observation(pod, end=replace(end, is_intended=True)))
        del self.pods[pod.facts.name]
        self._unlist(pod.facts)
        self.on_gone(pod)
        self._emit(self._observation(pod, is_gone=True))

    def _unlist(self, facts: PodFacts) -> None:
        of_version = self._by_version[facts.version_id]
        del of_version[facts.name]
        if not of_version:
            del self._by_version[facts.version_id]

    def _observation(
        self, pod: KnownPod, *, end: RunEnd | None = None, note: PodNote | None = None, is_gone: bool = False
    ) -> PodObservation:
        facts, report = pod.facts, pod.report if pod.report_run == pod.facts.run else None
        status, reason = self._status(pod)
        return PodObservation(
            pod=facts.name,
            version_id=facts.version_id,
            generation=pod.generation,
            status=status,
            ready=pod.is_ready and not is_gone,
            run=facts.run,
            restarts=facts.run + (report.worker_deaths if report else 0),
            reason=reason,
            address=facts.address,
            image=facts.image,
            started_at=facts.started_at,
            last_exit=(report and report.last_worker_death) or pod.last_exit,
            end=end,
            note=note,
            is_gone=is_gone,
            is_surplus=pod.is_surplus,
            is_placed=facts.node is not None,
            is_limited=True,
            node=facts.node,
            report=report,
            created_at=facts.created_at,
            observed_at=self._clock.now(),
        )

    def _status(self, pod: KnownPod) -> tuple[PodStatus, str | None]:
        facts = pod.facts
        if pod.is_leaving or facts.is_deleted:
            return "Terminating", "Draining" if facts.stage == "serving" else None
        if facts.wait is not None:
            return "Waiting", facts.wait.reason
        if facts.stage == "serving":
            return "Running", None if pod.is_ready else "NotReady"
        said = pod.note.reason if pod.note is not None else "Preparing"
        return "Waiting", REASONS.get(facts.stage, said)

    def _tell_unmade(self, name: str, version_id: UUID, wait: WaitReason) -> None:
        wanted = self._wanted_of(version_id)
        generation = wanted.generation if wanted else 1
        note = PodNote(wait.reason, wait.message, "error" if wait.is_terminal else "warning")
        end = _never_started(0, wait) if wait.is_terminal else None
        seen = _unmade(name, version_id, generation)
        self._emit(replace(seen, reason=wait.reason, note=None if end else note, end=end))

    # ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _generation(self, facts: PodFacts, known: int = 0) -> int:
        """The generation that a pod is of: the newest, where it has that one's template."""
        wanted = self._wanted_of(facts.version_id)
        if wanted is None:
            return known
        if facts.template == wanted.template:
            return wanted.generation
        return known if 0 < known < wanted.generation else max(1, wanted.generation - 1)

    def _is_surplus(self, pod: KnownPod) -> bool:
        """Whether enough others of its template stay."""
        wanted = self._wanted_of(pod.facts.version_id)
        if wanted is None or pod.facts.template != wanted.template:
            return False
        return len(_staying(self.of_version(pod.facts.version_id), wanted.template)) >= wanted.replicas


def _staying(pods: Collection[KnownPod], template: str) -> list[KnownPod]:
    return [pod for pod in pods if pod.facts.template == template and not pod.facts.is_deleted and not pod.is_leaving]


def _same(left: WaitReason | None, right: WaitReason | None) -> bool:
    """Whether two say the same: the cluster's words change with every try."""
    return (left and left.reason) == (right and right.reason)


def _never_started(run: int, wait: WaitReason) -> RunEnd:
    return RunEnd(run, None, None, wait.reason, wait.message, is_permanent=True)


def _unmade(name: str, version_id: UUID, generation: int, *, is_gone: bool = False) -> PodObservation:
    return PodObservation(
        pod=name,
        version_id=version_id,
        generation=generation,
        status="Waiting",
        ready=False,
        run=0,
        restarts=0,
        is_placed=False,
        is_gone=is_gone,
    )
