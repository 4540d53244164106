"""The start of a pod, phase by phase, made of what its backend observes. Pure: time comes with each observation.

`placed` → `model` → `environment` → `process` → `loaded` → `checked` → `ready`. Of a pod that starts again the timeline
is that of its newest run; it stays as it is once the pod is ready. An observation that comes twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from scheduler.domain.values import CAPACITY, PodNote, PodObservation
from shared.contracts.deployment import PodReport
from shared.counted import counted

PhaseName = Literal["placed", "model", "environment", "process", "loaded", "checked", "ready"]
PhaseState = Literal["done", "running", "failed", "skipped"]

ORDER: tuple[PhaseName, ...] = get_args(PhaseName)

MODEL_FOUND, MODEL_FETCHED = "ModelFound", "ModelFetched"
ENVIRONMENT_FOUND, ENVIRONMENT_READY = "EnvironmentFound", "EnvironmentReady"
IMAGE_FOUND, IMAGE_PULLED = "ImageFound", "ImagePulled"
"""Of a version that is an image: what a model is to others."""
LOADING_MODEL = "LoadingModel"
"""Reasons of notes at which a phase ends. `…Found`: there was nothing to do."""


def loading_words(health_path: str | None) -> str:
    """What is waited for once a process or container has started; `health_path`: of somebody's own image."""
    return "it loads the model" if health_path is None else f"GET {health_path} says when it is ready"


_ENDS: dict[str, tuple[PhaseName, PhaseState]] = {
    MODEL_FOUND: ("model", "skipped"),
    MODEL_FETCHED: ("model", "done"),
    IMAGE_FOUND: ("model", "skipped"),
    IMAGE_PULLED: ("model", "done"),
    ENVIRONMENT_FOUND: ("environment", "skipped"),
    ENVIRONMENT_READY: ("environment", "done"),
    LOADING_MODEL: ("process", "done"),
}


@dataclass(frozen=True)
class StartPhase:
    """One phase that has begun."""

    name: PhaseName
    started_at: datetime
    ended_at: datetime | None = None
    state: PhaseState = "running"
    detail: str | None = None


@dataclass(frozen=True)
class StartTimeline:
    """Phases of one run that have begun, in their order; at most the last one is running."""

    run: int
    phases: tuple[StartPhase, ...]

    @property
    def state(self) -> Literal["starting", "ready", "failed"]:
        """How far the start has come."""
        last = self.phases[-1]
        if last.state == "failed":
            return "failed"
        return "ready" if last.name == "ready" else "starting"

    @property
    def is_over(self) -> bool:
        """Whether nothing can be added any more."""
        return self.state != "starting"


def next_timeline(timeline: StartTimeline | None, seen: PodObservation, at: datetime) -> StartTimeline | None:
    """The timeline after an observation; None for a pod that had started before anybody wrote one."""
    if timeline is None or seen.run > timeline.run:
        timeline = _begun(timeline, seen, at)
    if timeline is None or timeline.is_over or seen.run < timeline.run:
        return timeline
    if seen.end is not None:
        ended = "ended" if seen.end.is_intended else seen.end.describe()
        return _with_last(timeline, ended_at=at, state="failed", detail=ended)
    if seen.is_placed:
        timeline = _reach(timeline, "model", at)
    if seen.note is not None:
        timeline = _noted(timeline, seen.note, at)
    if seen.pid is not None:
        timeline = _reach(timeline, "loaded", at)
    return _ready(timeline, seen.report, at) if seen.ready else timeline


def _begun(timeline: StartTimeline | None, seen: PodObservation, at: datetime) -> StartTimeline | None:
    is_at_its_start = seen.status == "Waiting" and seen.pid is None and seen.end is None
    if not is_at_its_start:
        return timeline
    if timeline is None:
        return StartTimeline(seen.run, (StartPhase("placed", seen.created_at or at),))
    return StartTimeline(seen.run, (StartPhase("placed", at, at, "skipped", "it keeps its place"),))


def _noted(timeline: StartTimeline, note: PodNote, at: datetime) -> StartTimeline:
    """What a note says of a phase that it ends, else of the one that is running."""
    last = timeline.phases[-1]
    if note.reason == CAPACITY and last.name != "placed":
        return timeline
    if note.reason not in _ENDS:  # a requirement that was adjusted stands beside the start, and holds nothing up
        return timeline if note.reason == "RequirementAdjusted" else _with_last(timeline, detail=note.message)
    name, state = _ENDS[note.reason]
    timeline = _reach(timeline, name, at)
    if timeline.phases[-1].name != name:
        return timeline
    timeline = _with_last(timeline, ended_at=at, state=state, detail=note.message)
    has_no_environment = note.reason in (IMAGE_FOUND, IMAGE_PULLED)  # beside what is in the image
    return _reach(timeline, "process" if has_no_environment else ORDER[ORDER.index(name) + 1], at)


def _reach(timeline: StartTimeline, name: PhaseName, at: datetime) -> StartTimeline:
    """Have a phase begin: what runs before it is done, what has not begun is skipped. Nothing if it has begun."""
    begun = ORDER.index(timeline.phases[-1].name)
    wanted = ORDER.index(name)
    if begun >= wanted:
        return timeline
    last = timeline.phases[-1]
    if last.state == "running":
        last = replace(last, ended_at=at, state="done")
    skipped = [StartPhase(each, at, at, "skipped") for each in ORDER[begun + 1 : wanted]]
    return replace(timeline, phases=(*timeline.phases[:-1], last, *skipped, StartPhase(name, at)))


def _ready(timeline: StartTimeline, report: PodReport | None, at: datetime) -> StartTimeline:
    """The pod is ready: its report says how much of the time since its process started was the check of the model."""
    timeline = _reach(timeline, "loaded", at)
    loading = timeline.phases[-1]
    if report is None or report.check_ms is None:
        timeline = _with_last(timeline, ended_at=at, state="done", detail=_load_detail(report))
        checked = StartPhase("checked", at, at, "skipped")
    else:
        loaded_at = max(loading.started_at, at - timedelta(milliseconds=report.check_ms))
        timeline = _with_last(timeline, ended_at=loaded_at, state="done", detail=_load_detail(report))
        checked = StartPhase("checked", loaded_at, at, "done", _check_detail(report))
    return replace(timeline, phases=(*timeline.phases, checked, StartPhase("ready", at, at, "done")))


def _load_detail(report: PodReport | None) -> str | None:
    return None if report is None else f"the model itself took {report.load_ms / 1000:.1f} s"


def _check_detail(report: PodReport) -> str:
    example = report.example
    if example.status == "ok":
        return f"the model's example: {counted(example.rows, 'row')} predicted"
    return f"the model's example failed: {example.message}" if example.status == "failed" else "it has no example"


def _with_last(timeline: StartTimeline, **changes: object) -> StartTimeline:
    return replace(timeline, phases=(*timeline.phases[:-1], replace(timeline.phases[-1], **changes)))  # type: ignore[arg-type]
