from __future__ import annotations

import pytest

from scheduler.domain.probes import PodHealth, ProbeLimits, ProbeResult, judge_health

LIMITS = ProbeLimits(unready_after_s=3, hung_after_s=15, busy_after_s=120)
READY = PodHealth(is_ready=True, was_ready=True)
SILENT = ProbeResult("silent")


def judged(health: PodHealth, results: list[tuple[float, ProbeResult]]) -> PodHealth:
    for at, result in results:
        health = judge_health(health, result, at, LIMITS)
    return health


def test_an_answer_makes_ready_and_forgets_silence() -> None:
    health = judged(READY, [(0, SILENT), (2, SILENT), (2.5, ProbeResult("ready"))])
    assert health.is_ready
    assert health.silent_since is None


def test_a_pod_that_says_so_is_not_ready_but_lives() -> None:
    health = judged(READY, [(at, ProbeResult("alive")) for at in range(0, 1000, 10)])
    assert (health.is_ready, health.was_ready, health.must_restart) == (False, True, False)


@pytest.mark.parametrize("began", [0, 1000])
def test_short_silence_is_forgiven_long_silence_is_not(began: float) -> None:
    assert judged(READY, [(began, SILENT), (began + 2.9, SILENT)]).is_ready
    assert not judged(READY, [(began, SILENT), (began + 3, SILENT)]).is_ready


def test_a_stopped_process_and_a_closed_door_are_out_at_once() -> None:
    assert not judge_health(READY, ProbeResult("silent", is_stopped=True), 0, LIMITS).is_ready
    assert not judge_health(READY, ProbeResult("refused"), 0, LIMITS).is_ready


def test_idle_silence_is_a_hang() -> None:
    assert not judged(READY, [(0, SILENT), (14, SILENT)]).must_restart
    assert judged(READY, [(0, SILENT), (15, SILENT)]).must_restart


def test_busy_silence_is_patience_up_to_a_limit() -> None:
    busy = [(float(at), ProbeResult("silent", cpu_s=float(at))) for at in range(1, 120)]
    assert not judged(READY, busy).must_restart
    assert judged(READY, [*busy, (121.0, ProbeResult("silent", cpu_s=121.0))]).must_restart


def test_a_pod_that_was_never_ready_is_not_restarted_by_its_probes() -> None:
    health = judged(PodHealth(), [(at, ProbeResult("refused")) for at in range(0, 500, 5)])
    assert not health.must_restart
    assert not health.is_ready


def test_not_ready_pods_do_not_get_ready_by_silence() -> None:
    assert not judge_health(PodHealth(), SILENT, 0, LIMITS).is_ready
