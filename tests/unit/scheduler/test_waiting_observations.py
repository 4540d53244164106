"""What waits to be stored of pods: in order, and what says the same again takes the place of what it repeats."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from scheduler.domain.values import Observation, PodNote, PodObservation, PodsListed
from scheduler.loops.observation import WaitingObservations
from shared.contracts.deployment import ExampleCheck, PodReport

FIRST, LATER = datetime(2026, 11, 29, 6, 0, tzinfo=UTC), datetime(2026, 11, 29, 6, 1, tzinfo=UTC)
LISTED = PodsListed(frozenset({"a", "b"}))
REPORT = PodReport(
    load_ms=1.0, example=ExampleCheck(status="absent"), row_wise=False, row_wise_reason="unproven", has_signature=False
)


def seen(pod: str, *, ready: bool = True, at: datetime = FIRST, generation: int = 0) -> PodObservation:
    return PodObservation(
        pod, UUID(int=1), generation, "Running", ready=ready, run=0, restarts=0, address="10.0.0.1:8080", observed_at=at
    )


async def waiting(*told: Observation) -> list[Observation]:
    """What is stored of all that is told at once."""
    queue = WaitingObservations()
    for each in told:
        queue.put(each)
    return await queue.take(100)


async def test_a_pod_that_is_told_of_again_and_then_with_its_report_is_stored_once() -> None:
    again = [seen(pod, at=LATER, generation=4) for pod in ("a", "b")]
    reported = [replace(each, report=REPORT, restarts=2, last_exit="exit 1") for each in again]
    stored = await waiting(LISTED, seen("a"), seen("b"), *again, *reported)
    assert stored == [LISTED, *(replace(each, observed_at=FIRST) for each in reported)]


async def test_what_a_later_one_does_not_say_is_kept_in_its_order() -> None:
    ready, out = seen("a"), seen("a", ready=False, at=LATER)
    noted = replace(out, note=PodNote("Pulling", "its image"))
    told = [ready, out, seen("b"), noted, out, replace(out, is_gone=True), ready]
    assert await waiting(*told) == told
    reports = [replace(ready, report=REPORT), replace(ready, report=REPORT.model_copy(update={"revision": 2})), ready]
    assert await waiting(*reports) == reports


async def test_what_is_being_stored_is_not_changed() -> None:
    queue = WaitingObservations()
    for each in (seen("a"), seen("b")):
        queue.put(each)
    assert await queue.take(1) == [seen("a")]
    for each in (seen("a", generation=4), seen("b", generation=4)):
        queue.put(each)
    assert await queue.take(2) == [seen("b", generation=4), seen("a", generation=4)]
