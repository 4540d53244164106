"""What is told of pods: each change once, in order; out of the routes with the deletion's first sign."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kubernetes_world.objects import NAME, VERSION_ID, container, ended, pod, prepared, running, serving, waiting
from scheduler.backends.kubernetes.facts.sentences import WaitReason
from scheduler.backends.kubernetes.pods.cluster_events import kill_reason, note_of
from scheduler.backends.kubernetes.pods.known_pod import KnownPod
from scheduler.backends.kubernetes.pods.observer import PodObserver, VersionWanted
from scheduler.domain.start_timeline import LOADING_MODEL
from scheduler.domain.values import CAPACITY, Observation, PodNote, PodObservation, PodsListed


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 28, 6, 0, tzinfo=UTC)


class Told:
    """An observer, and what it told."""

    def __init__(self, *first: dict[str, Any], replicas: int = 1, reads_reports: bool = True) -> None:
        self.all: list[Observation] = []
        self.wanted = VersionWanted(generation=3, template="t1", replicas=replicas)
        on_ready: Callable[[KnownPod], None] = self._report if reads_reports else lambda pod: None
        self.observer = PodObserver(
            self.all.append,
            FixedClock(),  # type: ignore[arg-type]
            lambda version: self.wanted,
            on_ready,
        )
        for each in first:
            self.observer.changed("added", each)
        self.observer.listed()

    def _report(self, known: KnownPod) -> None:
        self.observer.set_report(known.facts.name, None, known.facts.run)

    def see(self, found: dict[str, Any], change: Any = "changed") -> None:
        self.observer.changed(change, found)

    @property
    def pods(self) -> list[PodObservation]:
        return [each for each in self.all if isinstance(each, PodObservation)]

    @property
    def last(self) -> PodObservation:
        return self.pods[-1]


def test_a_listing_comes_first_and_adopted_pods_are_never_told_as_not_ready() -> None:
    told = Told(serving(), reads_reports=False)
    assert told.all[0] == PodsListed(frozenset({NAME}))
    assert all(each.ready for each in told.pods)
    assert (told.last.address, told.last.generation, told.last.is_limited) == ("10.244.0.7:8080", 3, True)


def _of_version(number: int, name: str, *, deleted: bool = False) -> dict[str, Any]:
    made = serving(name=name, deleted=deleted)
    made["metadata"]["labels"]["penstock.io/version-id"] = str(UUID(int=number))
    return made


def test_of_a_listing_versions_come_first_that_a_pod_may_have_to_leave() -> None:
    """A scheduler that was killed: what has changed meanwhile does not wait for thousands of pods that have not."""
    busy = [_of_version(number, f"{version}-{number}") for version in ("a", "b") for number in (1, 2)]
    told = Told(*busy, _of_version(3, "a-3", deleted=True), _of_version(3, "b-3"), reads_reports=False)
    order = [each.pod for each in told.pods]
    assert order[:2] == ["b-3", "a-3"]  # the one that serves first: the version's routes are not empty in between
    assert sorted(order[2:]) == ["a-1", "a-2", "b-1", "b-2"]
    assert [each.pod for each in told.pods if not each.ready] == ["a-3"]


def test_a_new_pod_is_ready_once_its_report_was_read() -> None:
    told = Told(reads_reports=False)
    told.see(pod(prepare=prepared(), main=container("model", running(), started=False)), "added")
    assert [each.note.reason for each in told.pods if each.note] == [LOADING_MODEL]
    told.see(serving())
    assert not told.last.ready
    told.observer.set_report(NAME, None, run=0)
    assert told.last.ready


def test_a_pod_with_a_deletion_timestamp_is_out_at_once() -> None:
    told = Told(serving())
    told.see(serving("6", deleted=True))
    assert (told.last.ready, told.last.status, told.last.reason) == (False, "Terminating", "Draining")
    told.see(serving("7", deleted=True), "deleted")
    assert told.last.is_gone


def test_one_that_this_scheduler_takes_away_is_out_before() -> None:
    told = Told(serving())
    told.observer.withdraw(NAME)
    assert (told.last.ready, told.last.status) == (False, "Terminating")
    told.observer.keep(NAME, PodNote("RestartFailed", "not permitted", "error"))
    assert told.last.ready


def test_a_pod_whose_node_is_not_heard_of_serves_as_long_as_it_answers() -> None:
    """After an outage of the API server the cluster takes every node's pods for not ready for a while."""
    told = Told(serving())
    told.see(serving("6", ready=False))
    assert told.last.ready
    told.observer.set_lost(NAME, is_lost=True)
    assert not told.last.ready
    told.observer.set_lost(NAME, is_lost=False)
    assert told.last.ready
    told.observer.set_lost(NAME, is_lost=True)
    told.see(serving("7"))
    assert told.last.ready


def test_surplus_that_the_cluster_kept_serves_again() -> None:
    told = Told(serving())
    told.observer.withdraw(NAME, is_surplus=True)
    told.observer.reinstate(VERSION_ID, replicas=0)
    assert not told.last.ready
    told.observer.reinstate(VERSION_ID, replicas=1)
    assert told.last.ready


def test_an_end_is_told_once() -> None:
    told = Told(serving())
    crashed = pod(
        prepare=prepared(),
        main=container("model", waiting("CrashLoopBackOff"), ended(137, "OOMKilled")),
        version="6",
    )
    told.see(crashed)
    told.see({**crashed, "metadata": {**crashed["metadata"], "resourceVersion": "7"}})
    (end,) = [each.end for each in told.pods if each.end]
    assert (end.reason, end.signal, end.run, end.is_intended) == ("OutOfMemory", 9, 0, False)
    assert (told.last.status, told.last.reason, told.last.ready) == ("Waiting", "BackOff", False)
    assert told.last.last_exit == "OutOfMemory: killed by the kernel at its limit of 2 GiB"


def test_kubelet_s_own_kill_is_explained() -> None:
    told = Told(serving())
    killing = {"reason": "Killing", "message": "Container model failed liveness probe, will be restarted"}
    note = kill_reason(killing)
    assert note is not None
    told.observer.explain_kill(NAME, note)
    told.see(pod(prepare=prepared(), main=container("model", running(), ended(137), restarts=1), version="6"))
    (end,) = [each.end for each in told.pods if each.end]
    assert end.reason == "LivenessFailed"


def test_an_intended_end_is_no_failure() -> None:
    told = Told(serving())
    told.see(pod(prepare=prepared(), main=container("model", ended(0, "Completed")), deleted=True, version="6"))
    (end,) = [each.end for each in told.pods if each.end]
    assert end.is_intended
    assert told.last.last_exit is None


def test_waiting_is_told_once_for_each_reason() -> None:
    told = Told()
    for version, message in (("1", "dial tcp: i/o timeout"), ("2", "dial tcp: refused"), ("3", "x: not found")):
        pulling = container("prepare", waiting("ErrImagePull", message), started=False)
        told.see(pod(prepare=pulling, version=version), "added" if version == "1" else "changed")
    assert [each.note.reason for each in told.pods if each.note] == ["RegistryUnreachable"]
    (end,) = [each.end for each in told.pods if each.end]
    assert (end.reason, end.is_permanent) == ("ImageNotFound", True)


def test_whatever_a_pod_waits_for_is_said_of_its_version_too() -> None:
    told = Told()
    told.see(pod(prepare=container("prepare", waiting("ErrImagePull", "dial tcp: refused"), started=False)), "added")
    (why,) = told.observer.waiting_reasons().values()
    assert why.startswith("the node cannot reach the registry of ")


def test_pods_that_cannot_be_made_stand_as_one() -> None:
    told = Told()
    wait = WaitReason(CAPACITY, "the namespace's quota small is used up")
    told.observer.set_unmade("wine-v1-abcdef", VERSION_ID, wait)
    told.observer.set_unmade("wine-v1-abcdef", VERSION_ID, wait)
    assert [(each.pod, each.reason, each.is_placed) for each in told.pods] == [
        ("wine-v1-abcdef-unmade-0", CAPACITY, False)
    ]
    assert told.observer.waiting_reasons() == {"wine-v1-abcdef-unmade-0": wait.message}
    told.observer.set_unmade("wine-v1-abcdef", VERSION_ID, None)
    assert told.last.is_gone


def test_a_pod_of_an_older_template_is_of_an_older_generation() -> None:
    told = Told(serving(template="t0"))
    assert told.last.generation == 2
    told.wanted = VersionWanted(generation=9, template="t1", replicas=1)
    told.observer.tell_version(VERSION_ID)
    assert told.last.generation == 2


def test_which_events_of_the_cluster_are_told() -> None:
    def event(reason: str, message: str = "m", kind: str = "Normal") -> dict[str, Any]:
        return {"reason": reason, "message": message, "type": kind}

    pulling = note_of(event("Pulling", 'Pulling image "x"'))
    assert pulling is not None
    assert (pulling.reason, pulling.level) == ("Pulling", "info")
    mount = note_of(event("FailedMount", kind="Warning"))
    assert mount is not None
    assert mount.level == "warning"
    assert note_of(event("FailedScheduling")) is None
    assert note_of(event("Unhealthy", "Startup probe failed: HTTP probe failed", "Warning")) is None
    assert kill_reason(event("Killing", "Stopping container model")) is None


def test_pods_are_found_by_their_version_until_they_are_gone() -> None:
    told, other = Told(serving()), UUID(int=7)
    assert [each.facts.name for each in told.observer.of_version(VERSION_ID)] == [NAME]
    moved = serving("8")
    moved["metadata"]["labels"]["penstock.io/version-id"] = str(other)
    told.see(moved)
    assert (told.observer.of_version(VERSION_ID), told.observer.versions()) == ([], {other})
    told.see(moved, "deleted")
    assert (told.observer.of_version(other), told.observer.versions()) == ([], set())


def test_looking_for_a_version_s_pods_looks_at_no_other_s() -> None:
    """With 3,000 pods it is asked at every change of one of them."""
    told, looked = Told(serving()), []

    class Pod(KnownPod):
        def __getattribute__(self, name: str) -> Any:
            looked.append(name)
            return super().__getattribute__(name)

    for name, known in told.observer.pods.items():
        told.observer.pods[name] = Pod(known.facts)
    assert told.observer.of_version(UUID(int=7)) == []
    assert looked == []
