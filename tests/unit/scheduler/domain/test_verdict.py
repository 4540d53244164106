from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scheduler.domain.values import RunEnd
from scheduler.domain.verdict import (
    PodCounts,
    VerdictLimits,
    VersionFailure,
    VersionProgress,
    after_count,
    after_end,
    check_warnings,
    on_new_intent,
    phase_of,
)
from shared.contracts.deployment import ExampleCheck, PublishCheck

LIMITS = VerdictLimits()
START = datetime(2026, 1, 1, tzinfo=UTC)
LOADING, SERVING = PodCounts(pods=1, ready=0), PodCounts(pods=1, ready=1)
END = RunEnd(0, code=1, log_tail=("loading", "ValueError: no"))


def test_three_failed_loads_fail_a_version_with_the_reason() -> None:
    progress = VersionProgress(START)
    for _ in range(2):
        progress = after_end(progress, END, LIMITS)
    assert progress.failure is None
    progress = after_end(progress, END, LIMITS)
    assert progress.failure == VersionFailure(
        "LoadFailed", "ValueError: no (exit code 1); 3 loads failed", END.log_tail
    )
    assert phase_of(1, progress, LOADING) == "failed"


def test_what_cannot_get_better_fails_at_once() -> None:
    gone = RunEnd(0, reason="ModelNotFound", message="model m version 9 does not exist", is_permanent=True)
    failure = after_end(VersionProgress(START), gone, LIMITS).failure
    assert failure == VersionFailure("ModelNotFound", "model m version 9 does not exist")


def test_ten_minutes_without_readiness_fail_a_version() -> None:
    just_before = START + timedelta(minutes=10) - timedelta(seconds=1)
    assert after_count(VersionProgress(START), LOADING, just_before, LIMITS).failure is None
    failed = after_count(VersionProgress(START), LOADING, START + timedelta(minutes=10), LIMITS)
    assert failed.failure is not None
    assert failed.failure.reason == "NeverReady"
    assert "10 minutes" in failed.failure.message


def test_time_spent_waiting_for_the_registry_does_not_count() -> None:
    held_up = PodCounts(pods=1, ready=0, is_waiting=True)
    progress = after_count(VersionProgress(START), held_up, START + timedelta(hours=2), LIMITS)
    progress = after_count(progress, LOADING, START + timedelta(hours=2, minutes=9), LIMITS)
    assert progress.failure is None


def test_a_version_that_was_ready_once_never_fails_again() -> None:
    progress = after_count(VersionProgress(START), SERVING, START, LIMITS)
    for _ in range(10):
        progress = after_end(progress, END, LIMITS)
    progress = after_count(progress, LOADING, START + timedelta(days=1), LIMITS)
    assert progress.failure is None
    assert phase_of(1, progress, LOADING) == "running"


def test_an_end_that_was_asked_for_is_no_failed_load() -> None:
    assert after_end(VersionProgress(START), RunEnd(0, code=0, is_intended=True), LIMITS).failed_loads == 0


@pytest.mark.parametrize(
    ("desired", "seen", "phase"),
    [
        (0, PodCounts(0, 0), "stopped"),
        (0, PodCounts(1, 1), "stopping"),
        (1, PodCounts(0, 0), "starting"),
        (1, LOADING, "starting"),
    ],
)
def test_phases(desired: int, seen: PodCounts, phase: str) -> None:
    assert phase_of(desired, VersionProgress(START), seen) == phase


def test_new_intent_keeps_what_a_running_version_has_earned_only_while_it_runs() -> None:
    ran = VersionProgress(START, was_ready=True)
    failed = VersionProgress(START, failure=VersionFailure("LoadFailed", ""))
    later = START + timedelta(hours=1)
    assert on_new_intent(ran, was_wanted=True, same_template=False, now=later) == ran
    assert on_new_intent(ran, was_wanted=False, same_template=True, now=later) == VersionProgress(later)
    assert on_new_intent(failed, was_wanted=True, same_template=True, now=later) == VersionProgress(later)
    assert on_new_intent(None, was_wanted=False, same_template=False, now=later) == VersionProgress(later)
    loading = VersionProgress(START, failed_loads=2)
    assert on_new_intent(loading, was_wanted=True, same_template=True, now=later) == loading
    assert on_new_intent(loading, was_wanted=True, same_template=False, now=later) == VersionProgress(later)


def test_ends_in_words() -> None:
    assert RunEnd(0, code=3).describe() == "exit code 3"
    assert RunEnd(0, signal=9).describe() == "killed by SIGKILL"
    assert RunEnd(0, signal=99).describe() == "killed by signal 99"
    assert RunEnd(0).describe() == "exit status unknown"
    assert RunEnd(0, reason="StartTimeout", message="slow").describe() == "StartTimeout: slow"


def test_a_check_gives_reason_to_warn() -> None:
    ok = PublishCheck(
        load_ms=1, example=ExampleCheck(status="ok"), row_wise=True, row_wise_reason="example", has_signature=True
    )
    assert check_warnings(None) == check_warnings(ok) == []
    failed = ok.model_copy(update={"example": ExampleCheck(status="failed", message="no such column")})
    assert [(note.reason, note.level) for note in check_warnings(failed)] == [("ExampleFailed", "warning")]
    mixed = ok.model_copy(update={"row_wise": False, "row_wise_reason": "dependent"})
    assert [note.reason for note in check_warnings(mixed)] == ["RowsNotIndependent"]
    unsigned = ok.model_copy(update={"has_signature": False})
    assert [(note.reason, note.level) for note in check_warnings(unsigned)] == [("NoSignature", "warning")]
