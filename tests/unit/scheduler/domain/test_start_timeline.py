"""A pod's start, phase by phase, out of what is observed of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from scheduler.domain.start_timeline import (
    ENVIRONMENT_FOUND,
    ENVIRONMENT_READY,
    IMAGE_PULLED,
    LOADING_MODEL,
    MODEL_FETCHED,
    MODEL_FOUND,
    StartTimeline,
    next_timeline,
)
from scheduler.domain.values import CAPACITY, PodNote, PodObservation, RunEnd
from shared.contracts.deployment import ExampleCheck, PodReport

BEGUN = datetime(2026, 3, 1, 12, tzinfo=UTC)
REPORT = PodReport(
    load_ms=900,
    check_ms=500,
    example=ExampleCheck(status="ok", rows=5, duration_ms=2.0),
    row_wise=True,
    row_wise_reason="example",
    has_signature=True,
)
Step = tuple[float, dict[str, Any]]


def seen(**facts: Any) -> PodObservation:
    usual = {"status": "Waiting", "ready": False, "run": 0, "restarts": 0, "created_at": BEGUN}
    return PodObservation("wine-v1-abcde", UUID(int=1), 1, **{**usual, **facts})


def note(reason: str, message: str = "", **facts: Any) -> dict[str, Any]:
    return {"note": PodNote(reason, message), **facts}


def after(*steps: Step, begin: StartTimeline | None = None) -> StartTimeline | None:
    timeline = begin
    for second, facts in steps:
        timeline = next_timeline(timeline, seen(**facts), BEGUN + timedelta(seconds=second))
    return timeline


def shown(timeline: StartTimeline | None) -> list[tuple[str, str, float | None]]:
    """Name, state and seconds of each phase."""
    assert timeline is not None
    return [
        (each.name, each.state, None if each.ended_at is None else (each.ended_at - each.started_at).total_seconds())
        for each in timeline.phases
    ]


FETCHED_AND_BUILT: tuple[Step, ...] = (
    (1, {"reason": "Preparing"}),
    (2, note("FetchingModel", "fetching wine")),
    (4, note(MODEL_FETCHED)),
    (4, note("RequirementAdjusted", "left out")),
    (5, note("BuildingEnvironment", "building")),
    (25, note(ENVIRONMENT_READY)),
    (26, note(LOADING_MODEL, "process 7 has started", pid=None)),
    (26, {"reason": "LoadingModel", "pid": 7}),
)
READY: Step = (30, {"status": "Running", "ready": True, "pid": 7, "report": REPORT})


def test_a_start_with_everything_to_do() -> None:
    timeline = after(*FETCHED_AND_BUILT, READY)
    assert shown(timeline) == [
        ("placed", "done", 1),
        ("model", "done", 3),
        ("environment", "done", 21),
        ("process", "done", 1),
        ("loaded", "done", 3.5),
        ("checked", "done", 0.5),
        ("ready", "done", 0),
    ]
    assert timeline is not None
    assert timeline.state == "ready"
    assert timeline.phases[0].started_at == BEGUN


def test_what_was_there_already_is_skipped() -> None:
    steps: tuple[Step, ...] = (
        (0, {"reason": "Preparing"}),
        (0, note(MODEL_FOUND, "wine was here")),
        (0.1, note(ENVIRONMENT_FOUND)),
        (0.2, note(LOADING_MODEL)),
    )
    assert shown(after(*steps)) == [
        ("placed", "done", 0),
        ("model", "skipped", 0),
        ("environment", "skipped", 0.1),
        ("process", "done", 0.1),
        ("loaded", "running", None),
    ]
    unsaid = after((0, {"reason": "Preparing"}), (1, note(LOADING_MODEL)), (2, {"ready": True, "pid": 7}))
    assert [state for _, state, _ in shown(unsaid)] == ["done", "done", "skipped", "done", "done", "skipped", "done"]


def test_an_image_has_no_environment_to_find() -> None:
    steps: tuple[Step, ...] = (
        (1, {"reason": "Preparing"}),
        (2, note("PullingImage", "pulling app: 3 of 9 MiB")),
        (8, note(IMAGE_PULLED, "r.io/app:1 is here")),
        (9, note(LOADING_MODEL, "container 1 has started")),
        (12, {"status": "Running", "ready": True}),
    )
    assert shown(after(*steps))[1:5] == [
        ("model", "done", 7.0),
        ("environment", "skipped", 0.0),
        ("process", "done", 1.0),
        ("loaded", "done", 3.0),
    ]


def test_what_a_phase_waits_for_is_said() -> None:
    without_room = after((1, note(CAPACITY, "no room: 2 cores are asked for", is_placed=False)))
    assert shown(without_room) == [("placed", "running", None)]
    assert without_room is not None
    assert without_room.phases[0].detail == "no room: 2 cores are asked for"
    building = after(*FETCHED_AND_BUILT[:5])
    assert building is not None
    assert (building.phases[-1].name, building.phases[-1].detail) == ("environment", "building")


def test_a_run_that_fails_shows_where_and_the_next_one_begins_anew() -> None:
    failed = after(*FETCHED_AND_BUILT, (28, {"end": RunEnd(0, code=1)}))
    assert failed is not None
    assert (failed.state, failed.phases[-1].detail) == ("failed", "exit code 1")
    assert shown(failed)[-1] == ("loaded", "failed", 2)
    assert after((29, {"reason": "BackOff"}), begin=failed) == failed
    again = after((40, {"run": 1, "reason": "Preparing"}), (41, {"run": 1, **note(MODEL_FOUND)}), begin=failed)
    assert again is not None
    assert (again.run, again.state) == (1, "starting")
    assert shown(again)[:2] == [("placed", "skipped", 0), ("model", "skipped", 1)]
    assert after((42, {"end": RunEnd(0, code=1)}), begin=again) == again


def test_a_ready_pod_keeps_its_timeline_and_repeats_change_nothing() -> None:
    ready = after(*FETCHED_AND_BUILT, READY)
    later: tuple[Step, ...] = (
        (60, {"status": "Running", "ready": False, "pid": 7}),
        (61, note("SharingProven", "callers share", status="Running", ready=True, pid=7)),
        (90, {"end": RunEnd(0, signal=9)}),
    )
    assert after(*later, begin=ready) == ready
    loading = after(*FETCHED_AND_BUILT)
    assert after(FETCHED_AND_BUILT[-1], FETCHED_AND_BUILT[0], begin=loading) == loading


def test_a_pod_that_ran_before_this_was_written_has_none() -> None:
    assert after((1, {"status": "Running", "ready": True, "pid": 7}), (2, {"pid": 7})) is None
