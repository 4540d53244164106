"""A roll-over whose new pods do not get ready: the old ones serve on, and the scheduler says so once."""

from __future__ import annotations

from pathlib import Path

import pytest

from running_services.scheduler_service import Controller, controlling, holds, scheduling, settings_for
from running_services.scheduler_world import FakePreparation, wanted
from scheduler.backends.preparation.port import AddNote, PreparationLog
from servers.nats_process import NatsProcess
from shared.contracts.deployment import Deployment
from shared.events import VersionReady, VersionRolledBack, VersionRolloutFailed
from waiting.eventually import eventually

pytestmark = pytest.mark.usefixtures("each_store")


PATIENT = {"unready_after": "PT30S", "hung_after": "PT60S", "busy_after": "PT90S"}
"""Where pods that are to stay in the routes are compared: a machine at work answers late."""


class ByModelVersion(FakePreparation):
    """A fake pod that does what the folder of its model version tells it to."""

    async def command(self, deployment: Deployment, template: str, log: PreparationLog, add_note: AddNote) -> list[str]:
        model = deployment.mlflow_source()
        assert model is not None
        folder = self.folder / f"model-{model.version}"
        folder.mkdir(exist_ok=True)
        return await FakePreparation(folder).command(deployment, template, log, add_note)


def model_of(home: Path, version: str, **files: str) -> None:
    (home / f"model-{version}").mkdir()
    for name, text in files.items():
        (home / f"model-{version}" / name).write_text(text)


async def serving(controller: Controller, replicas: int = 1) -> Deployment:
    deployment = wanted(replicas)
    controller.want(deployment)

    async def is_routed() -> bool:
        return len(await controller.routed(deployment)) == replicas

    await holds(is_routed, within=60)
    return deployment


def with_model(deployment: Deployment, version: str, generation: int) -> Deployment:
    source = deployment.model_source.model_copy(update={"version": version})
    return deployment.model_copy(update={"model_source": source, "generation": generation})


def said_once(controller: Controller) -> set[VersionRolloutFailed]:
    """What was said; a relay that is cancelled may send the very same fact again, and the stream drops it."""
    return set(controller.said(VersionRolloutFailed))


async def test_old_pods_serve_on_and_the_failure_is_said_once(home: Path, nats_server: NatsProcess) -> None:
    model_of(home, "2", fail="1")
    settings = settings_for(home, nats_server.url, **PATIENT)
    async with controlling(nats_server) as controller:
        async with scheduling(settings, ByModelVersion(home)):
            deployment = await serving(controller, 2)
            before = await controller.routed(deployment)
            bad = with_model(deployment, "2", 2)
            controller.want(bad)
            await eventually(lambda: controller.said(VersionRolloutFailed), within=60)
        async with scheduling(settings, ByModelVersion(home)):  # what was found out survives a restart

            async def is_known() -> bool:
                state = await controller.state(deployment)
                return state is not None and state.has_rollout_failed

            await holds(is_known)
            (failed,) = said_once(controller)
            assert (failed.generation, failed.reason) == (2, "LoadFailed")
            assert failed.log_tail[-1] == "Traceback: the model is broken"
            assert await controller.routed(deployment) == before
            assert await controller.phase(deployment) == "running"

            back = with_model(deployment, "1", 3)
            identity = back.model_dump(include={"service_id", "service", "version_id", "version"})
            why = {"from_generation": 2, "reason": failed.reason, "message": failed.message}
            controller.want(back)
            await controller.say(VersionRolledBack.model_validate(identity | why | {"deployment": back}))
            await eventually(lambda: [e.generation for e in controller.said(VersionReady)] == [1, 3])

            async def only_the_old_ones_are_left() -> bool:
                pods = await controller.pods(deployment)
                return sorted(pod.address or "" for pod in pods) == sorted(before)

            await holds(only_the_old_ones_are_left)
            state = await controller.state(deployment)
            assert state is not None
            assert (state.is_rolling, state.has_rollout_failed, state.reason) == (False, False, None)
            assert said_once(controller) == {failed}


async def test_new_pods_that_start_and_never_answer_are_given_up_by_the_clock(
    home: Path, nats_server: NatsProcess
) -> None:
    model_of(home, "2", unready="")
    async with controlling(nats_server) as controller:
        async with scheduling(settings_for(home, nats_server.url), ByModelVersion(home)):
            deployment = await serving(controller)
        hasty = settings_for(home, nats_server.url, never_ready_timeout="PT2S")  # the first start may take longer
        async with scheduling(hasty, ByModelVersion(home)):
            controller.want(with_model(deployment, "2", 2))
            await eventually(lambda: controller.said(VersionRolloutFailed))
            assert controller.said(VersionRolloutFailed)[0].reason == "NeverReady"
            assert len(await controller.routed(deployment)) == 1


async def two_routed(controller: Controller, deployment: Deployment) -> list[str]:
    """Where two pods answer, once those are all that there are: one that is drained may be routed still."""
    routed, pods = await controller.routed(deployment), await controller.pods(deployment)
    return routed if len(routed) == 2 and sorted(routed) == sorted(pod.address or "" for pod in pods) else []


async def test_a_restart_replaces_every_pod_and_the_old_ones_serve_until_then(
    home: Path, nats_server: NatsProcess
) -> None:
    model_of(home, "1")
    settings = settings_for(home, nats_server.url, **PATIENT)
    async with controlling(nats_server) as controller, scheduling(settings, ByModelVersion(home)):
        deployment = await serving(controller, 2)
        before = {pod.name for pod in await controller.pods(deployment)}
        least = 2
        controller.want(deployment.model_copy(update={"generation": 2, "restart": 2}))

        async def are_replaced() -> bool:
            nonlocal least
            least = min(least, len(await controller.routed(deployment)))
            pods = {pod.name for pod in await controller.pods(deployment) if pod.ready}
            return len(pods) == 2 and not pods & before

        await holds(are_replaced)
        assert least == 2
        await eventually(lambda: [fact.generation for fact in controller.said(VersionReady)] == [1, 2])

        # A restart whose pods cannot load leaves those that there are, and taking it back touches none.
        (home / "model-1" / "fail").write_text("1")
        after = await eventually(lambda: two_routed(controller, deployment))
        controller.want(deployment.model_copy(update={"generation": 3, "restart": 3}))
        await eventually(lambda: controller.said(VersionRolloutFailed), within=60)
        assert await controller.routed(deployment) == after
        controller.want(deployment.model_copy(update={"generation": 4, "restart": 2}))
        await eventually(lambda: [fact.generation for fact in controller.said(VersionReady)] == [1, 2, 4])
        assert await controller.routed(deployment) == after


async def test_scaling_is_no_roll_over(home: Path, nats_server: NatsProcess) -> None:
    settings = settings_for(home, nats_server.url)
    async with controlling(nats_server) as controller, scheduling(settings, ByModelVersion(home)):
        deployment = await serving(controller)
        (home / "model-1" / "fail").write_text("1")  # whatever starts from now on fails
        controller.want(deployment.model_copy(update={"generation": 2, "desired_replicas": 2}))

        async def has_failed_loads() -> bool:
            return any(pod.restarts >= 3 for pod in await controller.pods(deployment))

        await holds(has_failed_loads)
        state = await controller.state(deployment)
        assert state is not None
        assert (state.phase, state.is_rolling, state.has_rollout_failed) == ("running", False, False)
        assert controller.said(VersionRolloutFailed) == []
