"""What every backend promises, on a real cluster; and what is a cluster's own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from kubernetes_world.cluster import IMAGE, START_S, ClusterWorld, as_scheduler, kubectl, on_cluster, why_no_metrics
from running_services.scheduler_world import wanted
from scheduler.backends.kubernetes.manifests.names import object_name
from scheduler.domain.values import CAPACITY, LogPosition, OutputLine, PodObservation, RunEnd
from shared.contracts.deployment import Deployment, ImageSource, Resources
from shared.contracts.terminals import TerminalSize
from shared.errors import InvalidInput, NotFound
from waiting.eventually import eventually

START = LogPosition()
POD_OUTPUT = Path("/var/log/pods")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def small(replicas: int = 1, **changes: Any) -> Deployment:
    """A deployment that a small node has room for."""
    env = changes.pop("env", {})
    size = {"resources": Resources(spec="x", cpu=0.5, memory_gb=0.25), "env": env}
    return wanted(replicas).model_copy(update=size | changes)


async def lines_of(world: ClusterWorld, pod: str, since: LogPosition = START) -> list[OutputLine]:
    return [line async for line in world.backend.logs(pod, since)]


async def an_end(world: ClusterWorld, within: float = START_S) -> RunEnd:
    await eventually(lambda: any(each.end for each in world.seen), within=within)
    return next(each.end for each in world.seen if each.end)


def in_namespace(world: ClusterWorld, *arguments: str, stdin: str | None = None) -> str:
    return kubectl("-n", world.namespace, *arguments, stdin=stdin)


async def test_pods_come_scale_are_restarted_and_go(tmp_path: Path, namespace: str) -> None:
    deployment = small(2)
    async with on_cluster(tmp_path, namespace) as world:
        await eventually(lambda: world.listed == [frozenset()])
        await world.backend.apply(deployment)
        await world.backend.apply(deployment)
        pods = await world.until_ready(2)
        assert len(world.now) == 2
        assert world.backend.versions() == {deployment.version_id}
        assert await world.post(pods[0], "/predict") == 200

        fewer = deployment.model_copy(update={"desired_replicas": 1, "generation": 2})
        await world.backend.apply(fewer)
        (left,) = await world.until_ready(1)
        (surplus,) = [each for each in pods if each.pod != left.pod]
        await eventually(lambda: list(world.now) == [left.pod], within=60)
        assert [each.is_surplus for each in world.seen if each.pod == surplus.pod][-1]

        await world.backend.restart(left.pod)
        await eventually(lambda: [each.pod for each in world.ready] not in ([], [left.pod]), within=START_S)
        assert all(each.end.is_intended for each in world.seen if each.end)
        with pytest.raises(NotFound):
            await world.backend.restart("nobody")

        (again,) = world.ready
        world.routes.routed.add(again.pod)
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: world.now[again.pod].status == "Terminating")
        await asyncio.sleep(0.5)
        assert object_name(deployment) in in_namespace(world, "get", "deployments", "-o", "name")
        world.routes.routed.clear()
        await eventually(lambda: not world.now, within=60)
        assert world.backend.versions() == frozenset()
        await eventually(lambda: not in_namespace(world, "get", "secrets,pdb", "-o", "name"), within=60)


async def test_a_crash_is_a_run_that_ended_and_its_output_is_read_over_it(tmp_path: Path, namespace: str) -> None:
    deployment = small(env={"SAY": "one\n[request_id=r1] two"})
    async with on_cluster(tmp_path, namespace) as world:
        await world.backend.apply(deployment)
        (pod,) = await world.until_ready()
        expected = [f"[penstock] prepared {pod.pod}", f"fake pod {pod.pod}", "one", "[request_id=r1] two"]
        await eventually(lambda: _texts(world, pod, expected), within=20)
        lines = await lines_of(world, pod.pod)
        assert [line.position.offset for line in lines[1:]] == [line.end for line in lines[:-1]]
        assert all(line.at is not None for line in lines)

        await world.post(pod, "/do/exit/3")
        await eventually(lambda: world.ready and world.ready[0].run == 1, within=START_S)
        (end,) = [each.end for each in world.seen if each.end]
        assert (end.code, end.is_intended, end.log_tail[-1]) == (3, False, "it ends")
        assert (world.ready[0].pod, world.ready[0].last_exit, world.ready[0].restarts) == (pod.pod, "exit code 3", 1)
        rest = ["[request_id=r1] two", "it ends", *expected[1:]]
        since = LogPosition(0, lines[2].end)
        await eventually(lambda: _texts(world, pod, rest, since), within=20)

        runs = {run.run: run for run in await world.backend.runs()}
        assert (runs[0].is_exact, runs[0].ended_at is None, runs[1].ended_at) == (True, False, None)
        await world.backend.acknowledge_runs([runs[0]])
        assert [run.run for run in await world.backend.runs()] == [1]


async def _texts(world: ClusterWorld, pod: PodObservation, expected: list[str], since: LogPosition = START) -> bool:
    found = [line.text for line in await lines_of(world, pod.pod, since)]
    assert found == expected
    return True


async def test_output_that_is_followed_over_a_rotation_is_whole(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace) as world:
        await world.backend.apply(small())
        (pod,) = await world.until_ready()
        numbers: list[int] = []

        async def follow() -> None:
            async for line in world.backend.logs(pod.pod, START, follow=True):
                what, _, rest = line.text.partition(" ")
                if what == "line":
                    numbers.append(int(rest.split()[0]))

        rotated: set[Path] = set()
        following = asyncio.create_task(follow())
        try:
            for _ in range(12):  # 24 MB; a node begins a new file after 10, looking every 10 s
                await world.post(pod, "/do/print/2000/1000")
                await asyncio.sleep(2.5)
                rotated |= set(POD_OUTPUT.glob(f"{namespace}_{pod.pod}_*/model/0.log.*"))
            await eventually(lambda: numbers[-1:] == [24000], within=START_S)
        finally:
            following.cancel()
        assert numbers == list(range(1, 24001))
        assert rotated or not POD_OUTPUT.exists()  # where the node is another machine, nobody can look


async def test_a_start_that_fails_says_why(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace) as world:
        await world.backend.apply(small(env={"FAIL": "7"}))
        end = await an_end(world)
        assert end.code == 7
        assert "Traceback: the model is broken" in end.log_tail  # a node orders a container's two streams as it may
        await eventually(lambda: [each.reason for each in world.now.values()] == ["BackOff"], within=30)


async def test_a_preparation_that_fails_says_why(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace, prepare_environment={"UV_FAIL_PREPARE": "1"}) as world:
        await world.backend.apply(small())
        end = await an_end(world)
        assert (end.reason, end.message, end.is_permanent) == ("ModelNotFound", "there is no such model", True)


async def test_out_of_memory_is_said_as_that(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace) as world:
        await world.backend.apply(small())
        (pod,) = await world.until_ready()
        await world.post(pod, "/do/eat/400")
        end = await an_end(world)
        assert (end.reason, end.message) == ("OutOfMemory", "killed by the kernel at its limit of 0.25 GiB")


async def test_an_image_that_is_not_there_ends_the_version(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace, image="penstock-test/nothing:1") as world:
        await world.backend.apply(small())
        end = await an_end(world)
        assert (end.reason, end.is_permanent) == ("ImageNotOnNode", True)
    async with on_cluster(
        tmp_path, namespace, image="registry.invalid/nothing:1", image_pull_policy="IfNotPresent"
    ) as world:
        await world.backend.apply(small())
        await eventually(lambda: [each.note for each in world.seen if each.note], within=60)
        await eventually(lambda: [n for each in world.seen if (n := each.note) and n.reason == "RegistryUnreachable"])


async def test_without_room_it_waits_and_says_for_what(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace) as world:
        big = small(resources=Resources(spec="x", cpu=10_000, memory_gb=0.25))
        await world.backend.apply(big)
        await eventually(lambda: [each.reason for each in world.now.values()] == [CAPACITY], within=30)
        (why,) = world.backend.waiting_reasons().values()
        assert "no node has enough cpu left" in why
        pools = world.backend.pools()
        assert pools is not None
        assert pools[0].waiting[0].pods == 1
        assert 0 < pools[0].cpu < 10_000


async def test_a_quota_is_named_and_raising_it_is_enough(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace) as world:
        in_namespace(world, "create", "quota", "small", "--hard=pods=1")
        await world.backend.apply(small(2))
        await eventually(lambda: len(world.now) == 2, within=30)
        await eventually(world.backend.waiting_reasons, within=30)
        (why,) = world.backend.waiting_reasons().values()
        assert "the namespace's quota small is used up" in why
        in_namespace(world, "delete", "quota", "small")
        await world.until_ready(2, within=180)
        await eventually(lambda: len(world.now) == 2)


async def test_what_restricted_would_refuse_is_said(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace, has_root_images=True) as world:
        await world.backend.apply(small(model_source=ImageSource(image=IMAGE, port=9000, health_path="/")))
        end = await an_end(world)
        assert (end.reason, end.is_permanent) == ("PodSecurityRefused", True)
        assert "the namespace's pod security does not admit the pod" in end.message
        assert "runAsNonRoot" in end.message
        assert not in_namespace(world, "get", "pods", "-o", "name")


async def test_a_deployment_that_is_refused_is_made_once_it_is_admitted(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace) as world:
        in_namespace(world, "create", "quota", "none", "--hard=count/deployments.apps=0")
        await world.backend.apply(small())
        await eventually(world.backend.waiting_reasons, within=30)
        (why,) = world.backend.waiting_reasons().values()
        assert "the namespace's quota none is used up" in why
        in_namespace(world, "delete", "quota", "none")
        await world.until_ready()


async def test_pods_are_adopted_without_a_word_of_not_ready(tmp_path: Path, namespace: str) -> None:
    deployment = small()
    async with on_cluster(tmp_path, namespace) as first:
        await first.backend.apply(deployment)
        (before,) = await first.until_ready()
    generation = _generation(first, deployment)
    async with on_cluster(tmp_path, namespace) as second:
        (after,) = await second.until_ready(within=10)
        await second.backend.apply(deployment)
        await asyncio.sleep(1)
        assert second.listed == [frozenset({before.pod})]
        assert (after.pod, after.address, after.run) == (before.pod, before.address, 0)
        assert all(each.ready for each in second.seen)
        assert _generation(second, deployment) == generation


def _generation(world: ClusterWorld, deployment: Deployment) -> int:
    found = json.loads(in_namespace(world, "get", "deployment", object_name(deployment), "-o", "json"))
    return int(found["metadata"]["generation"])


async def test_a_deployment_that_a_hand_edits_or_deletes_is_brought_back(tmp_path: Path, namespace: str) -> None:
    deployment = small()
    name = object_name(deployment)
    async with on_cluster(tmp_path, namespace) as world:

        async def reconciled(condition: Any) -> None:
            async def tried() -> Any:
                await world.backend.apply(deployment)
                return condition()

            assert await eventually(tried, within=START_S)

        await world.backend.apply(deployment)
        await world.until_ready()
        in_namespace(world, "scale", "deployment", name, "--replicas=3")
        await reconciled(
            lambda: in_namespace(world, "get", "deployment", name, "-o", "jsonpath={.spec.replicas}") == "1"
        )
        in_namespace(world, "delete", "deployment", name)
        await reconciled(lambda: name in in_namespace(world, "get", "deployments", "-o", "name"))
        await world.until_ready()


async def test_a_changed_model_rolls_over_with_no_gap(tmp_path: Path, namespace: str) -> None:
    deployment = small()
    async with on_cluster(tmp_path, namespace) as world:
        await world.backend.apply(deployment)
        (old,) = await world.until_ready()
        source = deployment.model_source.model_copy(update={"version": "2"})
        changed = deployment.model_copy(update={"generation": 2, "model_source": source})
        await world.backend.apply(changed)
        served: list[bool] = []

        def replaced() -> bool:
            served.append(bool(world.ready))
            return old.pod not in world.now

        await eventually(replaced, within=START_S)
        assert all(served)
        (new,) = world.ready
        assert (new.generation, new.pod != old.pod) == (2, True)


async def test_a_pod_that_hangs_is_replaced_and_one_that_is_not_ready_is_out(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace, hung_after_s=10) as world:
        await world.backend.apply(small())
        (pod,) = await world.until_ready()
        await world.post(pod, "/do/unready")
        await eventually(lambda: not world.ready, within=10)
        assert world.now[pod.pod].reason == "NotReady"
        await world.post(pod, "/do/unready")
        await world.until_ready()
        await world.post(pod, "/do/hang")
        end = await an_end(world)
        assert end.reason == "LivenessFailed"


async def test_usage_is_measured(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace) as world:
        await world.backend.apply(small())
        (pod,) = await world.until_ready()

        async def measured() -> bool:
            return any(each.memory_bytes > 1 << 20 and each.pod == pod.pod for each in await world.backend.usage())

        assert await eventually(measured, within=60)


async def test_usage_comes_from_the_metrics_api_where_there_is_one(tmp_path: Path, namespace: str) -> None:
    """Under the namespaced role, which may not ask the kubelets."""
    if why := why_no_metrics():
        pytest.skip(why)
    async with on_cluster(tmp_path, namespace, as_scheduler(namespace, tmp_path)) as world:
        await world.backend.apply(small())
        (pod,) = await world.until_ready()

        async def measured() -> bool:
            return any(each.memory_bytes > 1 << 20 and each.pod == pod.pod for each in await world.backend.usage())

        assert await eventually(measured, within=120)


async def test_a_terminal(tmp_path: Path, namespace: str) -> None:
    async with on_cluster(tmp_path, namespace) as world:
        await world.backend.apply(small())
        (pod,) = await world.until_ready()
        terminal = await world.backend.exec(pod.pod, [], tty=True, size=TerminalSize(rows=33, columns=99))
        await terminal.write("stty size; echo $((6*7))é; sleep 1000 & exit 3\n".encode())
        said = b""
        while (output := await terminal.read()) is not None:
            said += output.data
        assert b"33 99" in said
        assert "42é".encode() in said
        assert (await terminal.wait()).code == 3
        await terminal.close()
        await terminal.close()
        processes = in_namespace(world, "exec", pod.pod, "-c", "model", "--", "sh", "-c", "cat /proc/[0-9]*/cmdline")
        assert "sleep\x001000" not in processes

        piped = await world.backend.exec(pod.pod, ["sh", "-c", "cat; echo bad >&2"], tty=False)
        await piped.write(b"in")
        await piped.end_input()
        streams: dict[str, bytes] = {}
        while (output := await piped.read()) is not None:
            streams[output.stream] = streams.get(output.stream, b"") + output.data
        assert streams == {"stdout": b"in", "stderr": b"bad\n"}
        assert (await piped.wait()).code == 0
        await piped.close()

        with pytest.raises(InvalidInput):
            await world.backend.exec(pod.pod, ["/no/such/command"], tty=False)
        with pytest.raises(NotFound):
            await world.backend.exec("nobody", [], tty=True)


async def test_the_namespaced_role_is_enough_and_one_that_is_taken_away_is_said(tmp_path: Path, namespace: str) -> None:
    deployment = small()
    async with on_cluster(tmp_path, namespace, as_scheduler(namespace, tmp_path)) as world:
        await world.backend.apply(deployment)
        (pod,) = await world.until_ready()
        assert world.backend.pools() is not None  # without a look at nodes: what pods ask for
        if why_no_metrics():
            assert await world.backend.usage() == []
        terminal = await world.backend.exec(pod.pod, ["echo", "hello"], tty=False)
        assert (await terminal.wait()).code == 0
        await terminal.close()
        await eventually(lambda: _has_lines(world, pod), within=20)

        in_namespace(world, "delete", "rolebinding", "penstock-scheduler")
        await world.backend.apply(deployment.model_copy(update={"desired_replicas": 2, "generation": 2}))
        await eventually(lambda: [w for _, w in world.backend.observer.unmade.values()], within=30)
        (wait,) = [w for _, w in world.backend.observer.unmade.values()]
        assert wait.reason == "NotPermitted"
        assert world.now[pod.pod].ready
        as_scheduler(namespace, tmp_path)
        await world.until_ready(2)


async def _has_lines(world: ClusterWorld, pod: PodObservation) -> bool:
    return bool(await lines_of(world, pod.pod))
