"""Supervised jobs as real processes: how they end, at their limit, on request, and over a restart of the scheduler."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from scheduler.backends.confinement.availability import UNCONFINED, Confinement, find_confinement
from scheduler.backends.environments.store import EnvironmentStore
from scheduler.backends.lifecycle.given_gpus import store_gpus
from scheduler.backends.preparation.variables import AskForSecrets
from scheduler.backends.process.jobs.job import JobDependencies
from scheduler.backends.process.jobs.preparation import JobPreparation
from scheduler.backends.process.jobs.supervisor import JobSupervisor
from scheduler.backends.process.options import PodOptions
from scheduler.domain.gpus import Gpu, GpuLedger
from shared.clock import SystemClock
from shared.contracts.deployment import Resources, SecretKeyRef
from shared.contracts.jobs import JobOrder, JobState, MlflowProject
from shared.errors import NotFound, Unavailable
from shared.ids import new_id
from waiting.eventually import eventually


def order(*command: str, **fields: Any) -> JobOrder:
    """A job of a service, by the command that it runs."""
    whole = {
        "id": new_id(),
        "service_id": new_id(),
        "service": "wine",
        "resources": Resources(spec="1C2G", cpu=1, memory_gb=2),
        "time_limit_s": 60.0,
        "command": command,
        **fields,
    }
    return JobOrder.model_validate(whole)


@asynccontextmanager
async def supervisor(
    home: Path,
    confinement: Confinement = UNCONFINED,
    secrets: AskForSecrets | None = None,
    gpus: tuple[Gpu, ...] = (),
) -> AsyncIterator[JobSupervisor]:
    """One that begins whatever it is given, until the block ends; its jobs live on."""

    async def lead() -> None:
        return

    environments = EnvironmentStore(home / "envs", os.environ, limit_s=60, confinement=confinement)
    preparation = JobPreparation(environments, "http://someone:secret@127.0.0.1:5000", secrets)
    options = PodOptions(grace_s=0.5, confinement=confinement, gpus=gpus)
    jobs = JobSupervisor(home / "jobs", JobDependencies(preparation, options, SystemClock(), lead))

    def place_all() -> None:
        for claim in jobs.claims():
            if not claim.is_placed:
                jobs.place(claim.pod, None)
        store_gpus(jobs.folders(), GpuLedger(gpus, jobs.claims()).due)

    jobs.changed = place_all
    running = asyncio.create_task(jobs.run())
    try:
        yield jobs
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(
    jobs: JobSupervisor, wanted: JobOrder, is_so: Callable[[JobState], bool], *, is_cancelled: bool = False
) -> JobState:
    """The first state of a job of which that is so."""

    async def look() -> JobState | None:
        state = await jobs.apply_job(wanted, is_cancelled=is_cancelled, was_started=False)
        return state if is_so(state) else None

    found = await eventually(look)
    assert found is not None
    return found


def has_ended(state: JobState) -> bool:
    return state.is_over


def is_running(state: JobState) -> bool:
    return state.phase == "running"


def output_of(home: Path, state: JobState) -> str:
    return (home / "jobs" / str(state.pod) / "run-0" / "output.log").read_text(encoding="utf-8")


SCRIPT = """
import json, os
evidence = json.load(open(os.environ["PENSTOCK_EVIDENCE"]))
print("trains", evidence["model"], os.environ["PENSTOCK_MODEL"], os.environ["MLFLOW_TRACKING_URI"])
print("tag", json.loads(os.environ["MLFLOW_RUN_CONTEXT"]))
print("knows", sorted(name for name in os.environ if "TOKEN" in name or "PASSWORD" in name or "NATS" in name))
"""


async def test_a_job_runs_its_files_in_a_clean_environment(home: Path) -> None:
    wanted = order("python", "train.py", files={"train.py": SCRIPT}, evidence={"model": "wine_quality"})

    async with supervisor(home) as jobs:
        state = await until(jobs, wanted, has_ended)

    assert (state.phase, state.exit_code, state.reason) == ("succeeded", 0, None)
    assert state.started_at is not None
    assert state.ended_at is not None
    said = output_of(home, state)
    assert "trains wine_quality wine_quality http://127.0.0.1:5000\n" in said
    assert f"tag {{'penstock.retraining_id': '{wanted.id}'}}" in said
    assert "knows []" in said


async def test_values_of_secrets_are_fetched_at_the_start_and_stand_in_no_file(home: Path) -> None:
    asked: list[tuple[UUID, Sequence[SecretKeyRef]]] = []

    async def values(service_id: UUID, refs: Sequence[SecretKeyRef]) -> Sequence[str]:
        asked.append((service_id, refs))
        if len(asked) == 1:
            raise Unavailable("the controller is away")
        return [f"{ref.secret}-{ref.key}-of-the-vault" for ref in refs]

    script = "import os; print(os.environ['LAKE'][::-1], os.environ['MLFLOW_TRACKING_URI'][-5:])"
    env = {
        "LAKE": {"secret": "lake", "key": "key"},
        "MLFLOW_TRACKING_URI": {"secret": "registry", "key": "url"},
        "PLAIN": "seen",
    }
    wanted = order("python", "-c", script, env=env)

    async with supervisor(home, secrets=values) as jobs:
        state = await until(jobs, wanted, has_ended)

    assert state.phase == "succeeded"
    output = output_of(home, state)
    assert "waiting for its secrets: the controller is away" in output
    assert "tluav-eht-fo-yek-ekal vault" in output
    assert {service for service, _ in asked} == {wanted.service_id}
    files = [path for path in home.rglob("*") if path.is_file()]
    texts = {str(path.relative_to(home)): path.read_bytes() for path in files if path.stat().st_size < 2**20}
    assert any(b"seen" in text for text in texts.values())
    assert [name for name, text in texts.items() if b"key-of-the-vault" in text] == []


SEES = "import os, time\nprint('sees', repr(os.environ['CUDA_VISIBLE_DEVICES']), flush=True)\n"


async def test_a_job_has_gpus_of_its_own_and_waits_for_them(home: Path) -> None:
    files, one = {"see.py": SEES + "time.sleep(60)\n"}, Resources(spec="x", cpu=1, memory_gb=2, gpu=1)
    first, second = (order("python", "see.py", files=files, resources=one) for _ in range(2))
    plain = order("python", "see.py", files={"see.py": SEES})
    async with supervisor(home, gpus=(Gpu("GPU-a", "0"),)) as jobs:
        assert "sees ''" in output_of(home, await until(jobs, plain, has_ended))
        state = await until(jobs, first, is_running)
        await eventually(lambda: "sees 'GPU-a'" in output_of(home, state))
        waits = await until(jobs, second, lambda state: state.reason == "Capacity")
        assert (waits.phase, waits.message) == ("waiting", "waits for 1 GPU")
        await until(jobs, first, has_ended, is_cancelled=True)
        state = await until(jobs, second, is_running)
        await eventually(lambda: "sees 'GPU-a'" in output_of(home, state))
        await until(jobs, second, has_ended, is_cancelled=True)


async def test_a_secret_that_is_gone_fails_the_job(home: Path) -> None:
    async def values(_: UUID, refs: Sequence[SecretKeyRef]) -> Sequence[str]:
        raise NotFound(f"There is no secret {refs[0].secret!r}")

    async with supervisor(home, secrets=values) as jobs:
        state = await until(jobs, order("true", env={"LAKE": {"secret": "lake", "key": "k"}}), has_ended)
    assert (state.phase, state.reason, state.message) == ("failed", "SecretMissing", "There is no secret 'lake'")


async def test_a_job_that_fails_says_how(home: Path) -> None:
    wanted = order("python", "-c", "print('no data'); raise SystemExit(3)")

    async with supervisor(home) as jobs:
        state = await until(jobs, wanted, has_ended)
        missing = await until(jobs, order("no-such-program"), has_ended)
        outside = await until(jobs, order("python", "x.py", files={"../x.py": ""}), has_ended)

    assert (state.phase, state.reason, state.message, state.exit_code) == ("failed", "Failed", "exit code 3", 3)
    assert "no data" in state.log_tail
    assert (missing.phase, missing.reason) == ("failed", "CommandNotFound")
    assert (outside.phase, outside.reason) == ("failed", "BadFile")


@pytest.mark.parametrize("files", [{"a": "", "a/b.py": ""}, {"evidence.json/x": ""}, {"n" * 256: ""}])
async def test_a_job_whose_files_cannot_be_written_fails(home: Path, files: dict[str, str]) -> None:
    async with supervisor(home) as jobs:
        state = await until(jobs, order("python", "-c", "", files=files), has_ended)

    assert (state.phase, state.reason) == ("failed", "BadFile")
    assert "cannot be written" in str(state.message)


async def test_a_job_that_never_ends_is_ended_at_its_limit(home: Path) -> None:
    ignores = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)"
    wanted = order("python", "-c", ignores, time_limit_s=1.0)

    async with supervisor(home) as jobs:
        state = await until(jobs, wanted, has_ended)

    assert (state.phase, state.reason, state.message) == ("failed", "TimeLimit", "ended after 1 s, its limit")


async def test_a_job_is_cancelled_while_it_runs_and_before_it_begins(home: Path) -> None:
    wanted, never = order("python", "-c", "import time; time.sleep(600)"), order("python", "-c", "")

    async with supervisor(home) as jobs:
        await until(jobs, wanted, is_running)
        state = await until(jobs, wanted, has_ended, is_cancelled=True)
        unknown = await until(jobs, never, has_ended, is_cancelled=True)
        lost = await jobs.apply_job(never, is_cancelled=False, was_started=True)

    assert (state.phase, state.reason) == ("cancelled", "Cancelled")
    assert unknown.phase == "cancelled"
    assert (lost.phase, lost.reason) == ("failed", "Lost")


async def test_a_job_is_adopted_by_the_next_scheduler_and_kept_to_its_limit(home: Path) -> None:
    long = order("python", "-c", "import time; time.sleep(600)", time_limit_s=2.0)
    short = order("python", "-c", "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)")
    async with supervisor(home) as jobs:
        await until(jobs, long, is_running)
        begun = await until(jobs, short, is_running)
    (home / "jobs" / str(begun.pod) / "run-0" / "work" / "go").touch()

    async with supervisor(home) as jobs:
        ended = await until(jobs, long, has_ended)
        done = await until(jobs, short, has_ended)
        runs = jobs.read_runs(SystemClock().now().timestamp())

    assert (ended.phase, ended.reason) == ("failed", "TimeLimit")
    assert (done.phase, done.pod) == ("succeeded", begun.pod)
    assert sorted(run.pod for run in runs if run.ended_at) == sorted([str(ended.pod), str(done.pod)])


async def test_an_mlflow_project_runs_in_the_jobs_environment(home: Path) -> None:
    files = {
        "MLproject": "name: train\nentry_points:\n  main:\n    parameters:\n      depth: {type: int, default: 3}\n"
        "    command: 'python train.py {depth}'\n",
        "train.py": "import sys; print('depth', sys.argv[1])",
    }
    project = MlflowProject(parameters={"depth": "7"})
    wanted = order(files=files, mlflow_project=project, env={"MLFLOW_ALLOW_FILE_STORE": "true"})
    environment = {"MLFLOW_TRACKING_URI": "file:./mlruns"}

    async with supervisor(home) as jobs:
        jobs._dependencies.preparation.tracking_uri = environment["MLFLOW_TRACKING_URI"]
        state = await until(jobs, wanted, has_ended)

    assert "depth 7" in output_of(home, state), state
    assert state.phase == "succeeded"


@pytest.mark.skipif(sys.platform != "linux", reason="confinement is Linux'")
async def test_it_reads_the_tables_of_its_evidence_and_no_path_that_its_command_names(home: Path) -> None:
    confinement = find_confinement("auto", home, range(0), ())
    if confinement.rules is None:
        pytest.skip(confinement.description)
    secret, table = home / "secret-key", home / "tables" / "wine" / "labelled"
    table.mkdir(parents=True)
    for file in (secret, table / "rows", table.parent / "other"):
        file.write_text(f"of {file.name}", encoding="utf-8")
    reads = """
import sys
open("own", "w").write("1")
for path in sys.argv[1:]:
    try:
        print("read", open(path).read())
    except OSError as error:
        print(type(error).__name__)
"""
    paths = [str(secret), str(table / "rows"), str(table.parent / "other")]
    wanted = order("python", "-c", reads, *paths, reads=(str(table),))

    async with supervisor(home, confinement) as jobs:
        state = await until(jobs, wanted, has_ended)

    assert state.phase == "succeeded", state
    assert output_of(home, state).splitlines() == ["PermissionError", "read of rows", "PermissionError"]
