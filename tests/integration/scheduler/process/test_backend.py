"""What every backend promises, on the process backend with a fake pod."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from running_services.scheduler_world import QUICK, FakePreparation, World, running, wanted
from scheduler.backends.preparation.port import AddNote, PreparationLog
from scheduler.domain.values import LogPosition, PodNote, PodObservation, RunEnd
from shared.contracts.deployment import Deployment
from shared.errors import Conflict, NotFound
from waiting.eventually import eventually


def pid_of(pod: PodObservation) -> int:
    assert pod.pid is not None
    return pod.pid


async def first_end(world: World) -> RunEnd:
    await eventually(lambda: any(o.end for o in world.seen))
    return next(o.end for o in world.seen if o.end)


async def ready_in_run(world: World, run: int) -> PodObservation:
    await eventually(lambda: any(o.run == run for o in world.ready))
    return world.ready[0]


async def test_a_watch_begins_with_a_listing(home: Path) -> None:
    async with running(home) as world:
        await eventually(lambda: world.listed)
        assert world.listed == [frozenset()]


async def test_wanted_pods_get_ready_and_repeating_changes_nothing(home: Path) -> None:
    deployment = wanted(2)
    async with running(home) as world:
        await world.backend.apply(deployment)
        await world.backend.apply(deployment)
        await eventually(lambda: len(world.ready) == 2)
        await world.backend.apply(deployment)

        assert len(world.now) == 2
        assert all(o.status == "Running" and o.address and o.pid for o in world.ready)
        assert world.backend.versions() == {deployment.version_id}


async def test_scaling_down_and_deleting_end_processes(home: Path) -> None:
    deployment = wanted(2)
    async with running(home) as world:
        await world.backend.apply(deployment)
        await eventually(lambda: len(world.ready) == 2)
        pids = [pid_of(o) for o in world.ready]
        await world.backend.apply(deployment.model_copy(update={"desired_replicas": 1, "generation": 2}))
        await eventually(lambda: len(world.now) == 1)
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: not world.now)
        assert not any(psutil.pid_exists(pid) for pid in pids)
        assert world.backend.versions() == frozenset()


async def test_a_pod_drains_until_it_is_withdrawn(home: Path) -> None:
    deployment = wanted(1)
    async with running(home) as world:
        await world.backend.apply(deployment)
        (pod,) = await eventually(lambda: world.ready)
        world.routes.routed.add(pod.pod)
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: world.now[pod.pod].status == "Terminating")
        assert world.now[pod.pod].ready is False
        assert psutil.pid_exists(pid_of(pod))
        world.routes.routed.clear()
        await eventually(lambda: not world.now)
        assert not psutil.pid_exists(pid_of(pod))


async def test_a_killed_pod_is_started_again(home: Path) -> None:
    async with running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        os.kill(pid_of(pod), signal.SIGKILL)
        await eventually(lambda: world.ready and world.ready[0].run == 1)

        (end,) = [o.end for o in world.seen if o.end]
        assert (end.signal, end.is_intended) == (signal.SIGKILL, False)
        assert world.ready[0].pod == pod.pod
        assert world.ready[0].last_exit == "killed by SIGKILL"


async def test_a_failing_pod_backs_off_and_tells_its_last_lines(home: Path) -> None:
    (home / "fail").write_text("7")
    async with running(home) as world:
        await world.backend.apply(wanted(1))
        first = await first_end(world)
        assert first.code == 7
        assert first.log_tail[-1] == "Traceback: the model is broken"
        assert next(iter(world.now.values())).reason == "BackOff"
        (home / "fail").unlink()
        await eventually(lambda: world.ready)


async def test_restart_is_no_failure(home: Path) -> None:
    async with running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        await world.backend.restart(pod.pod)
        again = await ready_in_run(world, 1)

        assert again.pid != pod.pid
        assert again.last_exit == "restarted on request"
        assert [o.end.is_intended for o in world.seen if o.end] == [True]
        with pytest.raises(NotFound):
            await world.backend.restart("nobody")


async def test_a_pod_says_what_it_waits_for(home: Path) -> None:
    (home / "unready").touch()
    async with running(home, preparation=Slow(home)) as world:
        await world.backend.apply(wanted(1))
        await eventually(lambda: [o.reason for o in world.now.values()] == ["BuildingEnvironment"])
        (home / "built").touch()
        (loading,) = await eventually(lambda: [o for o in world.now.values() if o.reason == "LoadingModel" and o.pid])
        assert (loading.status, loading.ready) == ("Waiting", False)
        (home / "unready").unlink()
        (pod,) = await eventually(lambda: world.ready)
        assert (pod.status, pod.reason) == ("Running", None)
        reasons = [o.reason for o in world.seen if o.status == "Waiting"]
        assert reasons[0] == "Preparing"
        assert {o.status for o in world.seen} == {"Waiting", "Running"}


class Slow(FakePreparation):
    """Builds an environment until the file `built` is there."""

    async def command(self, deployment: Deployment, template: str, log: PreparationLog, add_note: AddNote) -> list[str]:
        add_note(PodNote("BuildingEnvironment", "building an environment"))
        await eventually((self.folder / "built").exists)
        return await super().command(deployment, template, log, add_note)


async def test_an_unready_pod_says_so_and_lives(home: Path) -> None:
    async with running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        (home / "unready").touch()
        await eventually(lambda: not world.ready)
        (home / "unready").unlink()
        (back,) = await eventually(lambda: world.ready)
        assert back.pid == pod.pid


@pytest.mark.timed
async def test_a_stopped_process_is_out_within_two_seconds_and_replaced_later(home: Path) -> None:
    async with running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        os.kill(pid_of(pod), signal.SIGSTOP)
        await eventually(lambda: not world.ready, within=2)
        again = await ready_in_run(world, 1)
        assert "LivenessFailed" in (again.last_exit or "")


async def test_pods_are_adopted_without_a_word_of_not_ready(home: Path) -> None:
    deployment = wanted(1)
    async with running(home) as first:
        await first.backend.apply(deployment)
        (before,) = await eventually(lambda: first.ready)
    async with running(home) as second:
        (after,) = await eventually(lambda: second.ready)
        await second.backend.apply(deployment)

        assert second.listed == [frozenset({before.pod})]
        assert (after.pod, after.pid, after.address, after.run) == (before.pod, before.pid, before.address, 0)
        assert all(o.ready for o in second.seen)


async def test_a_pod_that_has_ended_does_not_come_back_for_a_moment(home: Path) -> None:
    deployment = wanted(1)
    async with running(home) as world:
        await world.backend.apply(deployment)
        await eventually(lambda: world.ready)
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: world.seen[-1].is_gone)
    async with running(home) as world:  # its folder is kept for its output
        await eventually(lambda: [each.is_gone for each in world.seen] == [True])


async def test_an_end_in_the_scheduler_s_absence_is_known(home: Path) -> None:
    async with running(home) as first:
        await first.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: first.ready)
    os.kill(pid_of(pod), signal.SIGTERM)
    async with running(home) as second:
        end = await first_end(second)
        assert (end.run, end.code, end.signal) == (0, 0, None)
        await eventually(lambda: second.ready and second.ready[0].run == 1)


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


async def test_a_changed_model_rolls_over_with_no_gap(home: Path) -> None:
    deployment = wanted(1)
    async with running(home) as world:
        await world.backend.apply(deployment)
        (old,) = await eventually(lambda: world.ready)
        changed = wanted(1, generation=2, model_version="2", version_id=deployment.version_id)

        served: list[bool] = []

        async def replaced() -> bool:
            await world.backend.apply(changed)
            served.append(bool(world.ready))
            return old.pod not in world.now

        while not await replaced():
            await asyncio.sleep(0.05)
        assert all(served)
        (new,) = world.ready
        assert (new.generation, new.pod != old.pod) == (2, True)


async def test_output_is_read_from_any_position_over_restarts(home: Path) -> None:
    (home / "say").write_text("one\n[request_id=r1] two")
    async with running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        lines = [line async for line in world.backend.logs(pod.pod, LogPosition())]
        assert [line.text for line in lines] == [f"fake pod {pod.pod}", "one", "[request_id=r1] two"]
        assert [line.position.offset for line in lines[1:]] == [line.end for line in lines[:-1]]

        os.kill(pid_of(pod), signal.SIGKILL)
        await eventually(lambda: world.ready and world.ready[0].run == 1)
        since = LogPosition(0, lines[1].end)
        rest = [line async for line in world.backend.logs(pod.pod, since)]
        assert [(line.position.run, line.text) for line in rest] == [
            (0, "[request_id=r1] two"),
            (1, f"fake pod {pod.pod}"),
            (1, "one"),
            (1, "[request_id=r1] two"),
        ]
        with pytest.raises(NotFound):
            _ = [line async for line in world.backend.logs("nobody", LogPosition())]


async def test_output_of_a_pod_that_is_gone_can_still_be_read(home: Path) -> None:
    deployment = wanted(1)
    async with running(home) as world:
        await world.backend.apply(deployment)
        (pod,) = await eventually(lambda: world.ready)
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: not world.now)
        assert [line async for line in world.backend.logs(pod.pod, LogPosition())]


async def test_usage_is_measured(home: Path) -> None:
    async with running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        await world.backend.usage()
        (usage,) = await world.backend.usage()
        assert usage.pod == pod.pod
        assert usage.memory_bytes > 1024 * 1024
        assert usage.cpu_cores >= 0


async def test_a_terminal_is_refused(home: Path) -> None:
    async with running(home) as world:
        assert world.backend.terminals_refused()
        with pytest.raises(Conflict):
            await world.backend.exec("pod", ["sh"], tty=True)


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


async def test_a_process_that_ignores_sigterm_is_killed(home: Path) -> None:
    async with running(home, QUICK) as world:
        deployment = wanted(1)
        await world.backend.apply(deployment)
        (pod,) = await eventually(lambda: world.ready)
        os.kill(pid_of(pod), signal.SIGSTOP)  # nothing gets through but SIGKILL and SIGCONT
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: not world.now)
        assert not psutil.pid_exists(pid_of(pod))
