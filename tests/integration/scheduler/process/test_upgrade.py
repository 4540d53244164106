"""A pod that an earlier release started is adopted and ended by this one.

`shim_of_0_1.txt` is the shim as it was while the modules of the process backend lay in `scheduler/backends`. A pod is
known by the files of its run (pid, start time, lock), not by the path or the command line of its shim.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from running_services.scheduler_world import FAKE_POD, running, wanted
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder, PodRecord
from scheduler.backends.lifecycle.folders.run_folder import PodProcess
from scheduler.backends.process.launch.start import open_listening_socket
from scheduler.domain.rollout import template_of
from shared.contracts.deployment import Deployment
from waiting.eventually import eventually

OLD_SHIM = Path(__file__).with_name("shim_of_0_1.txt")


@pytest.fixture
def deployment() -> Deployment:
    return wanted(1)


@pytest.fixture
def pod(home: Path, deployment: Deployment) -> PodFolder:
    """A running pod under a shim at the path that it had."""
    shim = home / "scheduler" / "backends" / "shim.py"
    shim.parent.mkdir(parents=True)
    shim.write_bytes(OLD_SHIM.read_bytes())
    record = PodRecord(
        name="wine-v1-older", deployment=deployment, template=template_of(deployment), created_at=time.time()
    )
    folder = PodFolder.create(home / "pods", record)
    run = folder.run(0)
    work = run.path / "work"
    work.mkdir(parents=True)
    with open_listening_socket("127.0.0.1") as listening:
        descriptor = listening.fileno()
        run.write_order(
            {
                "command": [sys.executable, "-S", str(FAKE_POD), str(home), "--fd", str(descriptor)],
                "environment": {"PENSTOCK_POD": record.name},
                "folder": str(work),
                "descriptors": [descriptor],
                "secrets": [],
                "output_cap": 1024 * 1024,
                "port": listening.getsockname()[1],
                "groups": [],
                "confinement": None,
            }
        )
        subprocess.run([sys.executable, "-I", "-S", shim, run.path], pass_fds=[descriptor], check=True)
    return folder


def process_of(pod: PodFolder) -> PodProcess:
    process = pod.run(0).process()
    assert process is not None
    return process


async def test_it_is_adopted_as_it_runs_and_its_end_is_known(
    home: Path, pod: PodFolder, deployment: Deployment
) -> None:
    process = process_of(pod)
    async with running(home) as world:
        await world.backend.apply(deployment)
        assert await eventually(lambda: [each.pid for each in world.ready] == [process.pid])
        assert [each.restarts for each in world.ready] == [0]
        await world.backend.delete(deployment.version_id)
        assert await eventually(lambda: any(each.is_gone for each in world.seen))
    ends = [each.end for each in world.seen if each.end]
    assert [(end.run, end.is_intended) for end in ends] == [(0, True)]
    assert (ends[0].code, ends[0].signal) != (None, None), "its shim has said how it ended"
    assert not process.is_alive()


@pytest.mark.parametrize("module", ["scheduler.backends.process.reap", "scheduler.backends.reap"])
def test_it_is_reaped_by_the_name_of_either_release(home: Path, pod: PodFolder, module: str) -> None:
    process = process_of(pod)
    assert process.is_alive()
    done = subprocess.run([sys.executable, "-m", module, home], capture_output=True, check=True)
    assert done.stdout == b"ended 1 pod\n"
    assert not process.is_alive()
