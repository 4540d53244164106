"""Runs of pods for metering, by the times that the nodes wrote into the pods' states.

What a state says of a run that has ended is kept here until it is stored for good. A run whose end no state has told
before its pod was gone is left out of the list: its end is when it was last listed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from scheduler.backends.kubernetes.api.informer import Informer
from scheduler.backends.kubernetes.facts.runs import RunFacts
from scheduler.backends.kubernetes.pods.configurations import Configurations
from scheduler.backends.kubernetes.pods.known_pod import KnownPod
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.domain.values import RunObservation
from shared.contracts.deployment import Deployment

Key = tuple[str, int]


class RunBook:
    """The runs that are open, and those that ended and are not settled."""

    def __init__(self, pods: Informer, observer: PodObserver, project_of: Callable[[UUID], str | None]) -> None:
        self._pods = pods
        self._observer = observer
        self._configurations = Configurations(project_of)
        self._gone: dict[Key, RunObservation] = {}
        """Runs of pods that are gone."""
        self._settled: set[Key] = set()
        self._made_of: dict[str, Deployment] = {}

    def read(self) -> list[RunObservation]:
        """Every run that is not settled."""
        found: dict[Key, RunObservation] = dict(self._gone)
        present: set[Key] = set()
        for name, pod in self._observer.pods.items():
            made_of = self._configuration(name)
            if made_of is None:
                continue
            self._made_of[name] = made_of
            for run in {**pod.ended_runs, **{each.number: each for each in pod.facts.runs}}.values():
                key = name, run.number
                present.add(key)
                if key not in self._settled and (seen := _observed(name, run, made_of, pod.facts.node)):
                    found[key] = seen
        self._settled &= present
        self._made_of = {name: each for name, each in self._made_of.items() if name in self._observer.pods}
        return list(found.values())

    def keep(self, pod: KnownPod) -> None:
        """A pod is gone: what is known of its runs stays until it is settled."""
        name = pod.facts.name
        made_of = self._made_of.pop(name, None) or self._configuration(name)
        if made_of is None:
            return
        for run in pod.ended_runs.values():
            key = name, run.number
            if key not in self._settled and (seen := _observed(name, run, made_of, pod.facts.node)):
                self._gone[key] = seen

    def settle(self, runs: Sequence[RunObservation]) -> None:
        """The ends of these are stored for good."""
        for run in runs:
            key = run.pod, run.run
            self._gone.pop(key, None)
            self._settled.add(key)

    def _configuration(self, name: str) -> Deployment | None:
        found = self._pods.objects.get(name)
        return None if found is None else self._configurations.of(found)


def _observed(name: str, run: RunFacts, made_of: Deployment, node: str | None) -> RunObservation | None:
    if run.started_at is None:
        return None
    ended = None if run.ended_at is None else max(run.started_at, run.ended_at)
    return RunObservation(name, run.number, made_of, run.started_at, ended, node=node)
