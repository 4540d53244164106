"""What is so of pods that are containers: how they are confined, what is left behind, what a kill in between does."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from running_services.backend_kinds import Containers
from running_services.scheduler_world import World, wanted
from scheduler.backends.docker.installation import read_installation
from scheduler.backends.lifecycle.folders.pod_folder import pod_folders
from scheduler.backends.lifecycle.folders.run_folder import CONTAINER_FILE
from scheduler.domain.values import LogPosition, PodObservation, RunEnd
from servers.container_engine import containers, docker, missing_engine
from shared.contracts.terminals import TerminalSize
from shared.errors import Conflict, InvalidInput
from waiting.eventually import eventually

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(missing_engine() is not None, reason=missing_engine() or ""),
]

DOCKER = Containers()
LINES = 3_000


async def one_pod(world: World) -> PodObservation:
    await world.backend.apply(wanted(1))
    (pod,) = await eventually(lambda: world.ready)
    return pod


async def first_end(world: World) -> RunEnd:
    await eventually(lambda: any(o.end for o in world.seen))
    return next(o.end for o in world.seen if o.end)


async def lines_of(world: World, pod: PodObservation) -> list[str]:
    return [line.text async for line in world.backend.logs(pod.pod, LogPosition())]


def installation(home: Path) -> str:
    found = read_installation(home / "pods")
    assert found is not None
    return f"penstock.installation={found[0]}"


async def test_a_pod_is_kept_to_what_it_is_for(home: Path) -> None:
    async with DOCKER.running(home) as world:
        pod = await one_pod(world)
        host: dict[str, Any] = DOCKER.inspected(pod)["HostConfig"]
        assert (host["CapDrop"], host["ReadonlyRootfs"], host["Init"]) == (["ALL"], True, True)
        assert host["RestartPolicy"]["Name"] == "no"
        assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (2 << 30, 10**9, 4096)
        assert pod.is_limited
        assert pod.address is not None
        assert re.fullmatch(r"127\.0\.0\.1:\d+", pod.address)
        assert httpx.get(f"http://{pod.address}/ping").status_code == 200


async def test_nothing_is_left_behind(home: Path) -> None:
    deployment = wanted(2)
    async with DOCKER.running(home) as world:
        await world.backend.apply(deployment)
        await eventually(lambda: len(world.ready) == 2)
        assert len(containers(installation(home))) == 2
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: not world.now)
        await eventually(lambda: not containers(installation(home)))
        await world.backend.apply(wanted(1))
        await eventually(lambda: world.ready)
    done = subprocess.run([sys.executable, "-m", "scheduler.backends.reap", home], capture_output=True, check=True)
    assert done.stdout == b"ended 1 pod\n"
    assert not containers(installation(home))
    assert not docker("network", "ls", "--quiet", "--filter", f"label={installation(home)}").split()


async def test_a_pod_that_takes_too_much_is_said_to_be_out_of_memory(home: Path) -> None:
    (home / "eat").write_text("2500")
    async with DOCKER.running(home) as world:
        await world.backend.apply(wanted(1))
        end = await first_end(world)
        assert end.describe() == "OutOfMemory: killed by the kernel at its limit of 2 GiB"


async def test_a_container_that_was_made_and_not_written_down_is_adopted(home: Path) -> None:
    async with DOCKER.running(home) as world:
        pod = await one_pod(world)
        was = DOCKER.identity(pod)
    (folder,) = pod_folders(home / "pods")
    (folder.run(0).path / CONTAINER_FILE).unlink()
    async with DOCKER.running(home) as world:
        (back,) = await eventually(lambda: world.ready)
        assert (DOCKER.identity(back), back.run) == (was, 0)


async def test_a_container_that_no_pod_has_is_removed(home: Path) -> None:
    async with DOCKER.running(home) as world:
        pod = await one_pod(world)
    (folder,) = pod_folders(home / "pods")
    folder.remove()
    assert DOCKER.runs(pod), "it outlives its scheduler"
    async with DOCKER.running(home) as world:
        assert await eventually(lambda: not DOCKER.runs(pod))
        assert world.ready == []


async def test_a_container_that_somebody_removes_ends_its_run_and_is_replaced(home: Path) -> None:
    async with DOCKER.running(home) as world:
        pod = await one_pod(world)
        docker("rm", "--force", DOCKER.identity(pod))
        end = await first_end(world)
        assert end.describe() in ("exit status unknown", "killed by SIGKILL")  # the engine kills it first
        await eventually(lambda: world.ready and world.ready[0].run == 1)


async def test_a_command_that_is_not_there_fails_for_good_and_says_so(home: Path) -> None:
    class Nothing:
        async def command(self, *_: Any) -> list[str]:
            return ["python3", "-c", "raise SystemExit(5)"]

    async with DOCKER.running(home, Nothing()) as world:
        await world.backend.apply(wanted(1))
        end = await first_end(world)
        assert (end.code, end.is_permanent) == (5, True)


async def test_output_has_each_line_once_over_restarts_of_the_scheduler(home: Path) -> None:
    """Printed while schedulers come and go."""
    (home / "say").write_text("begin")
    printer = f"import time\nfor n in range({LINES}):\n    print('line', n, flush=True)\n    time.sleep(0.001)\n"
    async with DOCKER.running(home) as world:
        pod = await one_pod(world)
        container = DOCKER.identity(pod)
        # Into the first process' own output, which is the container's.
        docker("exec", "--detach", container, "sh", "-c", f'python3 -c "{printer}" > /proc/1/fd/1')
        await asyncio.sleep(0.3)
    for _ in range(4):
        async with DOCKER.running(home):
            await asyncio.sleep(0.5)
    async with DOCKER.running(home) as world:
        await eventually(lambda: world.ready)

        async def is_all() -> bool:
            return f"line {LINES - 1}" in await lines_of(world, pod)

        await eventually(is_all)
        said = [line for line in await lines_of(world, pod) if line.startswith("line ")]
        assert said == [f"line {number}" for number in range(LINES)]


async def test_a_paused_container_is_out_at_once_and_back_when_it_is_thawed(home: Path) -> None:
    async with DOCKER.running(home) as world:
        pod = await one_pod(world)
        container = DOCKER.identity(pod)
        docker("pause", container)
        await eventually(lambda: not world.ready)
        docker("unpause", container)
        await eventually(lambda: world.ready)
        assert DOCKER.identity(world.ready[0]) == container


# ── terminals ────────────────────────────────────────────────────────────────────────────────────────────────────


async def read_until(terminal: Any, text: bytes) -> bytes:
    found = b""
    async with asyncio.timeout(20):
        while text not in found:
            piece = await terminal.read()
            assert piece is not None, found
            found += piece.data
    return found


async def test_a_terminal_is_a_shell_in_the_pod_s_own_container(home: Path) -> None:
    async with DOCKER.running(home) as world:
        pod = await one_pod(world)
        terminal = await world.backend.exec(pod.pod, [], tty=True, size=TerminalSize(rows=33, columns=101))
        await terminal.write(b"hostname; stty size; tty\n")
        said = await read_until(terminal, b"/dev/pts/")
        assert pod.pod.encode() in said
        assert b"33 101" in said
        await terminal.resize(TerminalSize(rows=20, columns=50))
        await terminal.write(b"stty size\n")
        await read_until(terminal, b"20 50")
        await terminal.write(b"exit 7\n")
        assert (await terminal.wait()).code == 7
        await terminal.close()


async def test_a_session_without_a_terminal_has_three_pipes(home: Path) -> None:
    async with DOCKER.running(home) as world:
        pod = await one_pod(world)
        terminal = await world.backend.exec(pod.pod, ["sh", "-c", "cat; echo no >&2; exit 3"], tty=False)
        await terminal.write(b"hello")
        await terminal.end_input()
        found: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        while (piece := await terminal.read()) is not None:
            found[piece.stream] += piece.data
        assert found == {"stdout": b"hello", "stderr": b"no\n"}
        assert (await terminal.wait()).code == 3
        await terminal.close()


async def test_all_of_a_session_is_gone_when_it_is_closed(home: Path) -> None:
    async with DOCKER.running(home) as world:
        pod = await one_pod(world)
        terminal = await world.backend.exec(pod.pod, [], tty=True)
        await terminal.write(
            b"nohup sleep 4242 & setsid sleep 4243 & (trap '' HUP TERM; sleep 4244) & echo st''arted\n"
        )
        await read_until(terminal, b"started")
        reading = asyncio.create_task(terminal.read())
        await terminal.close()
        await terminal.close()
        async with asyncio.timeout(5):
            await reading
        assert "424" not in docker("top", DOCKER.identity(pod))
        assert await terminal.read() is None


async def test_what_has_no_terminal_says_why(home: Path) -> None:
    async with DOCKER.running(home) as world:
        pod = await one_pod(world)
        with pytest.raises(InvalidInput, match="nothing-like-it"):
            await world.backend.exec(pod.pod, ["nothing-like-it"], tty=True)
        deployment = next(iter(world.backend.versions()))
        DOCKER.send(pod, signal.SIGKILL)
        await eventually(lambda: not world.ready)
        await world.backend.delete(deployment)
        with pytest.raises(Conflict):
            await world.backend.exec(pod.pod, [], tty=True)
