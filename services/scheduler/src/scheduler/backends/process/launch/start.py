"""Starts a run: a listening socket, the order, the shim."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scheduler.backends.confinement.availability import NotConfined, open_parent_folders
from scheduler.backends.confinement.paths import gpu_devices, gpu_devices_of
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.gpus.allocation import gpu_variables, gpus_of
from scheduler.backends.gpus.driver import library_variables
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import PodProcess, RunFolder
from scheduler.backends.pod_api.tokens import TOKEN_VARIABLE, PodTokens
from scheduler.backends.preparation.variables import base_variables, plain_variables
from scheduler.backends.process import shim
from scheduler.backends.process.cgroups import ControlGroups
from scheduler.backends.process.launch.secret_variables import secrets_descriptor
from scheduler.backends.process.launch.zygotes import ZygotePool
from scheduler.backends.process.options import PodOptions
from shared.errors import LimitExceeded

MODEL_SERVER = ("-m", "penstock_runtime")
"""Arguments of Python that a zygote has in it."""
OTHER_SHIM_TIMEOUT_S = 30.0
POLL_S = 0.05


def open_listening_socket(host: str) -> socket.socket:
    """A listening socket on a port that the system picks.

    It is handed to the pod by descriptor: a port that is named first and bound later may be somebody else's by then.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: asyncio sets TCP_NODELAY only on sockets that say IPPROTO_TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind((host, 0))
    listening.listen(512)
    return listening


async def start_run(
    run: RunFolder,
    record: PodRecord,
    command: list[str],
    options: PodOptions,
    zygotes: ZygotePool | None,
    *,
    secrets: Mapping[str, str] | None = None,
) -> PodProcess:
    """Start `command` as this run's process, under its shim: by a fork of what is imported already, where it can be.

    `secrets`: variables that its process gets beside those of the order, and that no file holds.

    Raises:
        PreparationFailed: the shim could not start it.
    """
    gpus = gpu_variables(record.gpus, has_gpus=has_gpus(options))
    kept = {name: value for name, value in (secrets or {}).items() if name not in gpus}
    with open_listening_socket(options.bind_host) as listening, secrets_descriptor(kept) as further:
        descriptor, port = listening.fileno(), listening.getsockname()[1]
        descriptors = [descriptor, *further]
        work = run.path / "work"
        work.mkdir(exist_ok=True, mode=0o700)
        run.write_order(
            {
                "command": [*command, "--fd", str(descriptor)],
                "environment": {
                    **(library_variables() if record.gpus else {}),
                    **plain_variables(record.deployment),
                    **base_variables(record.name, record.deployment, work.resolve(), command),
                    **gpus,
                    **_token(record, options.tokens),
                },
                "folder": str(work.resolve()),
                "descriptors": descriptors,
                "secrets": further,
                "output_cap": options.output_cap,
                "port": port,
                "groups": group_files(run, record, options.control_groups),
                "confinement": confinement_rules(run, record, command, options),
            }
        )
        if zygotes is not None and command[1:3] == list(MODEL_SERVER):
            await zygotes.start(run, descriptors, command[0])
        return run.process() or await start_under_shim(run, descriptors)


def confinement_rules(
    run: RunFolder, record: PodRecord, command: list[str], options: PodOptions
) -> dict[str, Any] | None:
    """What the process may reach; None: anything that the platform may."""
    confinement, work = options.confinement, (run.path / "work").resolve()
    memory_gb = None if options.control_groups else record.deployment.resources.memory_gb
    try:
        confinement.check()
        if confinement.rules is None:
            return None
        user = confinement.users.assign(run.path.parent, work) if confinement.users else None
        if user is not None:
            run.output.touch(mode=0o600)
            run.output.chmod(0o600)
            open_parent_folders(confinement.rules, work)
        return confinement.rules.for_pod(command, work, user, memory_gb, gpu_files=_gpu_files(record, options))
    except NotConfined as why:
        raise PreparationFailed("NotConfined", str(why), is_permanent=True) from why
    except LimitExceeded as why:
        raise PreparationFailed("StartFailed", str(why)) from why


def _gpu_files(record: PodRecord, options: PodOptions) -> list[str]:
    """Devices of its own GPUs; of all of them where it is not known which those are."""
    minors = {gpu.minor for gpu in gpus_of(options.gpus, record.gpus)}
    known = {minor for minor in minors if minor is not None}
    return gpu_devices_of(None if record.gpus and (not known or known != minors) else known)


def has_gpus(options: PodOptions) -> bool:
    """Whether processes of this machine could find a GPU that is not theirs."""
    return bool(options.gpus or gpu_devices())


def _token(record: PodRecord, tokens: PodTokens | None) -> dict[str, str]:
    return {TOKEN_VARIABLE: tokens.of(record.name)} if tokens else {}


def group_files(run: RunFolder, record: PodRecord, limits: ControlGroups | None) -> list[str]:
    """Files by which the process joins the groups that limit it."""
    if limits is None:
        return []
    try:
        return limits.make(f"{record.name}.{run.number}", record.deployment.resources)
    except OSError as error:
        raise PreparationFailed("StartFailed", f"no control group: {error.filename}: {error.strerror}") from error


async def start_under_shim(run: RunFolder, descriptors: list[int]) -> PodProcess:
    """Start what the run's order says; `descriptors` are handed down. Raises `PreparationFailed`."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", str(Path(shim.__file__)), str(run.path.resolve()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        pass_fds=descriptors,
        start_new_session=True,
    )  # fmt: skip
    code = await child.wait()
    process = await _of_another_shim(run) if code == shim.REFUSED else run.process()
    if process is None:
        raise PreparationFailed("StartFailed", f"the pod's shim ended with exit code {code}")
    return process


async def _of_another_shim(run: RunFolder) -> PodProcess | None:
    """The process of a shim that was there first, such as one whose zygote was given up: it may take its time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(OTHER_SHIM_TIMEOUT_S):
            while run.process() is None:  # noqa: ASYNC110 - it is another process that writes it
                await asyncio.sleep(POLL_S)
    return run.process()
