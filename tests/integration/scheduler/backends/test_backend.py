"""What every backend promises of its pods, with a fake pod: as processes, and as containers."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from running_services.backend_kinds import BackendKind, Containers, Processes
from running_services.scheduler_world import FakePreparation, World, wanted
from scheduler.backends.preparation.port import AddNote, PreparationLog
from scheduler.domain.values import LogPosition, PodNote, PodObservation, RunEnd
from servers.container_engine import missing_engine
from shared.contracts.deployment import Deployment
from shared.errors import NotFound
from waiting.eventually import eventually


@pytest.fixture(params=[Processes(), pytest.param(Containers(), marks=pytest.mark.engine)], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> BackendKind:
    found: BackendKind = request.param
    if found.name == "docker" and (why := missing_engine()):
        pytest.skip(why)
    return found


async def first_end(world: World) -> RunEnd:
    await eventually(lambda: any(o.end for o in world.seen))
    return next(o.end for o in world.seen if o.end)


async def ready_in_run(world: World, run: int) -> PodObservation:
    await eventually(lambda: any(o.run == run for o in world.ready))
    return world.ready[0]


async def test_a_watch_begins_with_a_listing(kind: BackendKind, home: Path) -> None:
    async with kind.running(home) as world:
        await eventually(lambda: world.listed)
        assert world.listed == [frozenset()]


async def test_wanted_pods_get_ready_and_repeating_changes_nothing(kind: BackendKind, home: Path) -> None:
    deployment = wanted(2)
    async with kind.running(home) as world:
        await world.backend.apply(deployment)
        await world.backend.apply(deployment)
        await eventually(lambda: len(world.ready) == 2)
        await world.backend.apply(deployment)

        assert len(world.now) == 2
        assert all(o.status == "Running" and o.address for o in world.ready)
        assert world.backend.versions() == {deployment.version_id}


async def test_scaling_down_and_deleting_end_processes(kind: BackendKind, home: Path) -> None:
    deployment = wanted(2)
    async with kind.running(home) as world:
        await world.backend.apply(deployment)
        await eventually(lambda: len(world.ready) == 2)
        were = world.ready
        await world.backend.apply(deployment.model_copy(update={"desired_replicas": 1, "generation": 2}))
        await eventually(lambda: len(world.now) == 1)
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: not world.now)
        assert not any(kind.runs(o) for o in were)
        assert world.backend.versions() == frozenset()


async def test_a_pod_drains_until_it_is_withdrawn(kind: BackendKind, home: Path) -> None:
    deployment = wanted(1)
    async with kind.running(home) as world:
        await world.backend.apply(deployment)
        (pod,) = await eventually(lambda: world.ready)
        world.routes.routed.add(pod.pod)
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: world.now[pod.pod].status == "Terminating")
        assert world.now[pod.pod].ready is False
        assert kind.runs(pod)
        world.routes.routed.clear()
        await eventually(lambda: not world.now)
        assert not kind.runs(pod)


async def test_a_killed_pod_is_started_again(kind: BackendKind, home: Path) -> None:
    async with kind.running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        kind.send(pod, signal.SIGKILL)
        await eventually(lambda: world.ready and world.ready[0].run == 1)

        (end,) = [o.end for o in world.seen if o.end]
        assert (end.signal, end.is_intended) == (signal.SIGKILL, False)
        assert world.ready[0].pod == pod.pod
        assert world.ready[0].last_exit == "killed by SIGKILL"


async def test_a_failing_pod_backs_off_and_tells_its_last_lines(kind: BackendKind, home: Path) -> None:
    (home / "fail").write_text("7")
    async with kind.running(home) as world:
        await world.backend.apply(wanted(1))
        first = await first_end(world)
        assert first.code == 7
        # An engine keeps no order between what comes to stdout and what comes to stderr.
        assert set(first.log_tail[-2:]) == {f"fake pod {next(iter(world.now))}", "Traceback: the model is broken"}
        assert next(iter(world.now.values())).reason == "BackOff"
        (home / "fail").unlink()
        await eventually(lambda: world.ready)


async def test_restart_is_no_failure(kind: BackendKind, home: Path) -> None:
    async with kind.running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        was = kind.identity(pod)
        await world.backend.restart(pod.pod)
        again = await ready_in_run(world, 1)

        assert kind.identity(again) != was
        assert again.last_exit == "restarted on request"
        assert [o.end.is_intended for o in world.seen if o.end] == [True]
        with pytest.raises(NotFound):
            await world.backend.restart("nobody")


async def test_a_pod_says_what_it_waits_for(kind: BackendKind, home: Path) -> None:
    (home / "unready").touch()
    async with kind.running(home, Slow(home)) as world:
        await world.backend.apply(wanted(1))
        await eventually(lambda: [o.reason for o in world.now.values()] == ["BuildingEnvironment"])
        (home / "built").touch()
        (loading,) = await eventually(
            lambda: [o for o in world.now.values() if o.reason == "LoadingModel" and o.address]
        )
        assert (loading.status, loading.ready) == ("Waiting", False)
        (home / "unready").unlink()
        (pod,) = await eventually(lambda: world.ready)
        assert (pod.status, pod.reason) == ("Running", None)
        reasons = [o.reason for o in world.seen if o.status == "Waiting"]
        assert reasons[0] == "Preparing"
        assert {o.status for o in world.seen} == {"Waiting", "Running"}


def is_loading(pod: PodObservation) -> bool:
    return pod.reason == "LoadingModel" and pod.address is not None


class Slow(FakePreparation):
    """Builds an environment until the file `built` is there."""

    async def command(self, deployment: Deployment, template: str, log: PreparationLog, add_note: AddNote) -> list[str]:
        add_note(PodNote("BuildingEnvironment", "building an environment"))
        await eventually((self.folder / "built").exists)
        return await super().command(deployment, template, log, add_note)


async def test_an_unready_pod_says_so_and_lives(kind: BackendKind, home: Path) -> None:
    async with kind.running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        (home / "unready").touch()
        await eventually(lambda: not world.ready)
        (home / "unready").unlink()
        (back,) = await eventually(lambda: world.ready)
        assert (back.run, kind.runs(pod)) == (0, True)


@pytest.mark.timed
async def test_a_stopped_process_is_out_within_two_seconds_and_replaced_later(kind: BackendKind, home: Path) -> None:
    async with kind.running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        kind.send(pod, signal.SIGSTOP)
        await eventually(lambda: not world.ready, within=2)
        again = await ready_in_run(world, 1)
        assert "LivenessFailed" in (again.last_exit or "")


async def test_pods_are_adopted_without_a_word_of_not_ready(kind: BackendKind, home: Path) -> None:
    deployment = wanted(1)
    async with kind.running(home) as first:
        await first.backend.apply(deployment)
        (before,) = await eventually(lambda: first.ready)
        was = kind.identity(before)
    async with kind.running(home) as second:
        (after,) = await eventually(lambda: second.ready)
        await second.backend.apply(deployment)

        assert second.listed == [frozenset({before.pod})]
        assert (after.pod, after.address, after.run) == (before.pod, before.address, 0)
        assert kind.identity(after) == was
        assert all(o.ready for o in second.seen)


async def test_a_pod_that_has_ended_does_not_come_back_for_a_moment(kind: BackendKind, home: Path) -> None:
    deployment = wanted(1)
    async with kind.running(home) as world:
        await world.backend.apply(deployment)
        await eventually(lambda: world.ready)
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: world.seen[-1].is_gone)
    async with kind.running(home) as world:  # its folder is kept for its output
        await eventually(lambda: [each.is_gone for each in world.seen] == [True])


async def test_an_end_in_the_scheduler_s_absence_is_known(kind: BackendKind, home: Path) -> None:
    async with kind.running(home) as first:
        await first.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: first.ready)
    kind.send(pod, signal.SIGTERM)
    async with kind.running(home) as second:
        end = await first_end(second)
        assert (end.run, end.code, end.signal) == (0, 0, None)
        await eventually(lambda: second.ready and second.ready[0].run == 1)


async def test_a_changed_model_rolls_over_with_no_gap(kind: BackendKind, home: Path) -> None:
    deployment = wanted(1)
    async with kind.running(home) as world:
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


async def test_output_is_read_from_any_position_over_restarts(kind: BackendKind, home: Path) -> None:
    (home / "say").write_text("one\n[request_id=r1] two")
    async with kind.running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        lines = [line async for line in world.backend.logs(pod.pod, LogPosition())]
        assert [line.text for line in lines] == [f"fake pod {pod.pod}", "one", "[request_id=r1] two"]
        assert [line.position.offset for line in lines[1:]] == [line.end for line in lines[:-1]]

        kind.send(pod, signal.SIGKILL)
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


async def test_output_of_a_pod_that_is_gone_can_still_be_read(kind: BackendKind, home: Path) -> None:
    deployment = wanted(1)
    async with kind.running(home) as world:
        await world.backend.apply(deployment)
        (pod,) = await eventually(lambda: world.ready)
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: not world.now)
        assert [line async for line in world.backend.logs(pod.pod, LogPosition())]


async def test_usage_is_measured(kind: BackendKind, home: Path) -> None:
    async with kind.running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        await world.backend.usage()
        (usage,) = await world.backend.usage()
        assert usage.pod == pod.pod
        assert usage.memory_bytes > 1024 * 1024
        assert usage.cpu_cores >= 0


async def test_a_process_that_ignores_sigterm_is_killed(kind: BackendKind, home: Path) -> None:
    async with kind.running(home) as world:
        deployment = wanted(1)
        await world.backend.apply(deployment)
        (pod,) = await eventually(lambda: world.ready)
        kind.send(pod, signal.SIGSTOP)  # nothing gets through but SIGKILL and SIGCONT
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: not world.now)
        assert not kind.runs(pod)
