from __future__ import annotations

from uuid import UUID

from monitor.domain.events import WORDINGS, event_line_of
from shared import events
from shared.events import CATALOGUE

IDS = {"service_id": UUID(int=1), "service": "wine", "version_id": UUID(int=2), "version": "v1"}


def test_every_fact_that_the_catalogue_gives_to_the_monitor_is_told() -> None:
    given = {entry.event for entry in CATALOGUE if "monitor" in entry.consumers}
    acted_on = {events.AlertRaised, events.AlertUpdated, events.MonitorDefined, events.MonitorDeleted}

    assert {*WORDINGS, events.PodNoted} == given - acted_on


def test_a_pod_s_fact_is_about_the_pod() -> None:
    entry = event_line_of(events.PodExited(**IDS, pod="wine-v1-abc", generation=1, signal=9, restarts=2))

    assert entry is not None
    assert (entry.kind, entry.name, entry.level, entry.reason) == ("pod", "wine-v1-abc", "warning", "Exited")
    assert "signal 9" in entry.message


def message(event: events.Event) -> str:
    entry = event_line_of(event)
    assert entry is not None
    return entry.message


def test_one_pod_is_not_pods_and_counts_do_not_contradict_each_other() -> None:
    scaled = {"generation": 1, "ready_replicas": 0}
    pod = {"pod": "p", "generation": 1, "address": "127.0.0.1:1"}

    assert [
        message(events.VersionReady(**IDS, generation=1, ready_replicas=1)),
        message(events.VersionReady(**IDS, generation=1, ready_replicas=2)),
        message(events.VersionScaled(**IDS, **scaled, from_replicas=1, to_replicas=0, reason="idle")),
        message(events.VersionScaled(**IDS, **scaled, from_replicas=0, to_replicas=1, reason="load")),
        message(events.PodReady(**IDS, **pod, ready_replicas=1, desired_replicas=1)),
        message(events.PodReady(**IDS, **pod, ready_replicas=1, desired_replicas=2)),
        message(events.PodReady(**IDS, **pod, ready_replicas=2, desired_replicas=1)),
        message(events.PodTerminated(**IDS, pod="p", generation=1, reason="ScaledDown")),
        message(events.PodExited(**IDS, pod="p", generation=1, signal=9, restarts=0)),
    ] == [
        "1 pod ready",
        "2 pods ready",
        "1 → 0 pods (idle)",
        "0 → 1 pod (load)",
        "answers; 1 of 1 pod ready",
        "answers; 1 of 2 pods ready",
        "answers; 2 pods ready, 1 wanted",
        "Scaled down: fewer pods are wanted",
        "the process ended (signal 9)",
    ]


def test_a_service_s_fact_is_about_the_service() -> None:
    entry = event_line_of(events.TrafficChanged(service_id=UUID(int=1), service="wine", weights={"v1": 90, "v2": 10}))

    assert entry is not None
    assert (entry.kind, entry.name, entry.version) == ("service", "wine", None)
    assert entry.message == "weights: v1 90, v2 10"


def test_a_note_brings_its_own_words() -> None:
    note = events.PodNoted(
        **IDS, pod="p", generation=1, level="warning", reason="ProbeFailed", message="no answer in 1 s"
    )

    entry = event_line_of(note)

    assert entry is not None
    assert (entry.level, entry.reason, entry.message) == ("warning", "ProbeFailed", "no answer in 1 s")


def test_only_a_pod_that_nobody_asked_to_end_is_a_warning() -> None:
    counts = {"pod": "p", "generation": 1, "ready_replicas": 1, "desired_replicas": 1}
    told = [event_line_of(events.PodNotReady(**IDS, **counts, reason=reason)) for reason in ("Draining", "ProbeFailed")]

    assert [(e.level, e.reason) for e in told if e] == [("info", "Draining"), ("warning", "NotReady")]


def test_a_table_s_fact_is_about_its_service() -> None:
    table = {"service": "wine", "table": "wine.payload", "location": "/tables/wine/payload"}

    entry = event_line_of(events.TableBlocked(**table, reason="No space left on device"))

    assert entry is not None
    assert (entry.kind, entry.name, entry.level) == ("service", "wine", "error")
    assert entry.message == "wine.payload cannot be written: No space left on device"
