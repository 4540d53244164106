"""Runs a model and a build that try what they can reach: `python confined_world.py WORLD ASKED`.

Runs as whoever starts it, and prints as JSON what a pod that was executed, a terminal in it, one that was forked and a
build could reach, how long the pods' starts took, and what a pod answers to somebody without its token. `WORLD` is a
folder with `home`, `model` and `source`; ASKED are the targets of `reach.reach`, to which this process is added.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

import reach
from running_services.scheduler_world import wanted
from scheduler.backends.confinement.availability import Confinement, find_confinement
from scheduler.backends.environments.store import EnvironmentPlan, EnvironmentStore
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import PodProcess, RunFolder
from scheduler.backends.pod_api.tokens import TOKEN_HEADER, PodTokens
from scheduler.backends.process.launch.start import start_run
from scheduler.backends.process.launch.zygotes import ZygotePool
from scheduler.backends.process.options import PodOptions
from scheduler.backends.process.terminal.session import PodOrder, open_session
from scheduler.domain.requirements.comparison import EnvironmentComparison, EnvironmentPackages
from scheduler.domain.requirements.lines import PackageRequirement
from scheduler.domain.rollout import template_of
from scheduler.settings import user_range
from shared.contracts.terminals import TerminalSize
from waiting.eventually import eventually

Asked = dict[str, list[Any]]

REACH_BY_TERMINAL = """
asked = json.loads(sys.argv[1])
for what in ("signal", "trace", "limit"):
    asked[what].append(os.getppid())
with open("/dev/tty", "w") as terminal:
    print("REACHED " + json.dumps(reach(asked)), file=terminal)
"""
PYTHON = ".".join(map(str, sys.version_info[:2]))
"""The one that is surely here: builds have no network."""


async def main(world: Path, asked: Asked) -> dict[str, Any]:
    home, pid = world / "home", os.getpid()
    asked |= {what: [pid] for what in ("signal", "trace", "limit")}
    asked["read"] = [*asked["read"], *(f"/proc/{pid}/{name}" for name in ("environ", "cmdline", "maps"))]
    confinement = find_confinement("auto", home, user_range("56000-56999"), (str(world / "source"),))
    options = PodOptions(confinement=confinement, tokens=PodTokens(home / "pods"))
    found: dict[str, Any] = {"says": confinement.description, "user": os.geteuid()}
    zygotes = ZygotePool(home / "zygotes", 600.0, only_own=True)
    keeping = asyncio.create_task(zygotes.run())
    try:
        reached = await asyncio.gather(
            of_a_pod(world, "executed", options, None, asked),
            of_a_pod(world, "forked", options, zygotes, asked),
            of_a_build(world, confinement, asked),
        )
        found |= dict(zip(("executed", "forked", "build"), reached, strict=True))
        return found | {"terminal": found["executed"].pop("terminal")}
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def of_a_pod(
    world: Path, name: str, options: PodOptions, zygotes: ZygotePool | None, asked: Asked
) -> dict[str, Any]:
    """What the model answers in a pod."""
    deployment = wanted()
    record = PodRecord(name=name, deployment=deployment, template=template_of(deployment), created_at=0.0)
    run = RunFolder(world / "home" / "pods" / name / "run-0", 0)
    run.make()
    own = {"write": [*asked["write"], *(str(run.path / each) for each in ("order.json", "exit.json"))]}
    command = [sys.executable, "-m", "penstock_runtime", "--model-path", str(world / "model")]
    if zygotes is not None:
        zygotes.warm_platform_environment()
    process = await start_run(run, record, command, options, zygotes)
    try:
        token = options.tokens.of(name) if options.tokens else ""
        answered = await ask(run, token, asked | own)
        if zygotes is None:
            answered["terminal"] = await of_a_terminal(run, process, asked | own)
        return answered
    finally:
        await end(run, process)


async def of_a_terminal(run: RunFolder, process: PodProcess, asked: Asked) -> dict[str, Any]:
    """What a command in a terminal inside the pod reaches; its parent, the attendant, is one more to be tried."""
    pod = PodOrder(run.read_order() or {}, process.pid, process.ticks)
    command = [sys.executable, "-c", Path(reach.__file__).read_text() + REACH_BY_TERMINAL, json.dumps(asked)]
    terminal = await open_session(pod, command, tty=True, size=TerminalSize(columns=1000))
    said = b""
    while output := await terminal.read():
        said += output.data
    await terminal.close()
    text = said.decode(errors="replace").replace("\r\n", "\n")
    assert "REACHED " in text, text
    return dict(json.loads(text.partition("REACHED ")[2].splitlines()[0]))


async def ask(run: RunFolder, token: str, asked: Asked) -> dict[str, Any]:
    url = f"http://127.0.0.1:{(run.read_order() or {})['port']}"
    async with httpx.AsyncClient(base_url=url, timeout=60, headers={TOKEN_HEADER: token}) as client:

        async def answers() -> bool:
            assert run.exit() is None, run.output.read_text()
            try:
                return (await client.get("/ping")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(answers, within=60)
        body = {"dataframe_split": {"columns": ["asked"], "data": [[json.dumps(asked)]]}}
        answer = await client.post("/predict", json=body)
        stranger = [(await client.get(path, headers={TOKEN_HEADER: "x"})).status_code for path in ("/ping", "/check")]
        assert answer.status_code == 200, answer.text + run.output.read_text()
        said = json.loads(answer.json()["predictions"][0])
    return {"strangers": stranger, **said}


async def end(run: RunFolder, process: PodProcess) -> None:
    process.send(signal.SIGTERM)
    await eventually(lambda: run.exit() is not None)


async def of_a_build(world: Path, confinement: Confinement, asked: Asked) -> dict[str, Any]:
    """What a package reaches that is built from source; its build fails after it has said so."""
    envs, output = world / "home" / "envs", world / "build.log"
    environments = EnvironmentStore(
        envs, {"PATH": os.environ["PATH"], "HOME": str(world), "UV_OFFLINE": "1"}, limit_s=60, confinement=confinement
    )
    (world / "source" / "asked.json").write_text(json.dumps(asked))
    line = f"reaching @ {(world / 'source').as_uri()}"
    wanted_package = PackageRequirement(name="reaching", place=(world / "source").as_uri(), written=line)
    plan = EnvironmentPlan(
        EnvironmentComparison((), ()), packages=EnvironmentPackages((wanted_package,)), python=PYTHON, key="key"
    )
    with suppress(PreparationFailed):
        await environments.build(plan, output, lambda _: None)
    said = [line.partition("REACHED ")[2] for line in output.read_text().splitlines() if "REACHED " in line]
    assert said, output.read_text()
    return dict(json.loads(said[0]))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2])))))
