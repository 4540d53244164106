"""What is so of pods that are processes alone; what every backend promises is tested in `../backends`."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from running_services.scheduler_world import World, running, wanted
from scheduler.domain.values import PodObservation, RunEnd
from waiting.eventually import eventually


def pid_of(pod: PodObservation) -> int:
    assert pod.pid is not None
    return pod.pid


async def first_end(world: World) -> RunEnd:
    await eventually(lambda: any(o.end for o in world.seen))
    return next(o.end for o in world.seen if o.end)


async def test_an_end_whose_shim_was_killed_too_is_unknown_but_noticed(home: Path) -> None:
    async with running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        shim = psutil.Process(pid_of(pod)).parent()
        assert shim is not None
        shim.kill()
        os.kill(pid_of(pod), signal.SIGKILL)
        end = await first_end(world)
        assert end.describe() == "exit status unknown"


async def test_pods_know_no_secrets(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULER_NATS_URL", "nats://scheduler:hush-hush@127.0.0.1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    async with running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        known = psutil.Process(pid_of(pod)).environ()
        assert known["PENSTOCK_POD"] == pod.pod
        assert not any("hush-hush" in value for value in known.values())
        shim = psutil.Process(pid_of(pod)).parent()
        assert shim is not None
        assert shim.environ() == {}
        assert shim.memory_full_info().pss < 16 * 1024 * 1024
