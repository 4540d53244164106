"""What a pod's object says: how far it has come, how its runs ended, whether it answers."""

from __future__ import annotations

import json

import pytest

from kubernetes_world.objects import condition, container, ended, pod, prepared, running, serving, waiting
from scheduler.backends.kubernetes.facts.pods import PodFacts, quantity, read_pod
from scheduler.backends.kubernetes.facts.times import micros_of, moment, time_of, written
from scheduler.domain.values import OUT_OF_MEMORY


def facts(**of: object) -> PodFacts:
    found = read_pod(pod(**of))  # type: ignore[arg-type]
    assert found is not None
    return found


def test_stages_of_a_start() -> None:
    unplaced = facts(node=None, phase="Pending", conditions=[])
    assert (unplaced.stage, unplaced.node, unplaced.address) == ("unplaced", None, None)
    preparing = facts(
        prepare=container("prepare", running()), main=container("model", waiting("PodInitializing"), started=False)
    )
    assert (preparing.stage, preparing.is_prepare_started) == ("preparing", True)
    starting = facts(prepare=prepared(), main=container("model", waiting("ContainerCreating"), started=False))
    assert starting.stage == "starting"
    loading = facts(prepare=prepared(), main=container("model", running(), started=False))
    assert (loading.stage, loading.is_ready, loading.run) == ("loading", False, 0)
    assert loading.started_at == time_of("2026-11-28T06:00:05Z")
    up = read_pod(serving())
    assert up is not None
    assert (up.stage, up.is_ready, up.address) == ("serving", True, "10.244.0.7:8080")


def test_a_pod_of_nobody_s_is_none() -> None:
    found = serving()
    found["metadata"]["labels"] = {}
    assert read_pod(found) is None


def test_a_crash_and_the_run_after_it() -> None:
    backing_off = facts(
        prepare=prepared(),
        main=container("model", waiting("CrashLoopBackOff"), ended(3, message="ValueError: bad\nmodel"), restarts=0),
    )
    assert (backing_off.stage, backing_off.run) == ("backing-off", 0)
    (run,) = backing_off.runs
    assert run.end is not None
    assert (run.number, run.end.code, run.end.log_tail) == (0, 3, ("ValueError: bad", "model"))

    again = facts(prepare=prepared(), main=container("model", running(), ended(3), restarts=1))
    assert [(each.number, each.ended_at is None) for each in again.runs] == [(0, False), (1, True)]
    assert again.run == 1


def test_tries_to_prepare_are_runs_before_the_first() -> None:
    retried = container("prepare", ended(0, "Completed"), ended(1), restarts=2, started=False)
    found = facts(prepare=retried, main=container("model", running()))
    assert (found.first_run, found.run, found.preparation) == (2, 2, None)


@pytest.mark.parametrize(
    ("state", "code", "signal", "reason", "is_permanent"),
    [
        (ended(137, "OOMKilled"), None, 9, OUT_OF_MEMORY, False),
        (ended(137), None, 9, "Exited", False),
        (ended(143), None, 15, "Exited", False),
        (ended(0, "Completed"), 0, None, "Exited", False),
        (ended(5), 5, None, "Exited", True),
        (ended(137, "ContainerStatusUnknown"), None, None, "Exited", False),
        (
            ended(128, "StartError", 'exec: "python": executable file not found in $PATH'),
            128,
            None,
            "CommandNotFound",
            True,
        ),
    ],
)
def test_how_a_run_ended(
    state: dict[str, object], code: int | None, signal: int | None, reason: str, is_permanent: bool
) -> None:
    (run,) = facts(prepare=prepared(), main=container("model", state)).runs
    assert run.end is not None
    assert (run.end.code, run.end.signal, run.end.reason, run.end.is_permanent) == (code, signal, reason, is_permanent)


def test_out_of_memory_names_the_limit() -> None:
    (run,) = facts(prepare=prepared(), main=container("model", ended(137, "OOMKilled"))).runs
    assert run.end is not None
    assert run.end.message == "killed by the kernel at its limit of 2 GiB"


def test_a_preparation_says_why_it_failed() -> None:
    told = json.dumps({"reason": "ModelNotFound", "message": "there is no wine/9", "is_permanent": True})
    found = facts(prepare=container("prepare", ended(1, message=f"some words\n{told}\n")))
    assert found.preparation is not None
    assert (found.preparation.reason, found.preparation.is_permanent, found.preparation.run) == (
        "ModelNotFound",
        True,
        0,
    )
    silent = facts(prepare=container("prepare", waiting("CrashLoopBackOff"), ended(137, "OOMKilled"), restarts=1))
    assert silent.preparation is not None
    assert (silent.preparation.reason, silent.preparation.run) == ("PreparationFailed", 1)
    assert "ran out of memory" in silent.preparation.message


def test_why_it_waits() -> None:
    no_room = pod(node=None, phase="Pending")
    no_room["status"]["conditions"] = [
        condition("PodScheduled", "False", "0/1 nodes are available: 1 Insufficient cpu.")
    ]
    found = read_pod(no_room)
    assert found is not None
    assert found.wait is not None
    assert found.wait.reason == "Capacity"
    pulling = facts(prepare=container("prepare", waiting("ErrImagePull", "x: not found"), started=False))
    assert pulling.wait is not None
    assert (pulling.wait.reason, pulling.wait.is_terminal) == ("ImageNotFound", True)


def test_an_evicted_pod_is_over() -> None:
    found = facts(phase="Failed", reason="Evicted", message="The node was low on resource: memory.")
    assert (found.stage, found.eviction) == ("over", "Evicted: The node was low on resource: memory.")
    assert not found.is_ready


@pytest.mark.parametrize(
    ("text", "number"), [("100m", 0.1), ("2", 2.0), ("1Gi", 2.0**30), ("128Ki", 131072.0), ("5n", 5e-9), ("1k", 1000.0)]
)
def test_quantities(text: str, number: float) -> None:
    assert quantity(text) == pytest.approx(number)


def test_times_keep_microseconds() -> None:
    micros = micros_of("2026-11-28T06:00:05.123456789Z")
    assert micros is not None
    assert moment(micros).isoformat() == "2026-11-28T06:00:05.123456+00:00"
    assert micros_of("2026-11-28T07:00:05.123456789+01:00") == micros
    assert written(moment(micros)) == "2026-11-28T06:00:05Z"
    assert micros_of("yesterday") is None
    assert time_of(None) is None
