"""Processes that pods are forked from (`penstock_runtime.zygote`): one for each environment in use.

They save a start its imports and are otherwise nothing: where one is missing, dead, slow or unusable, the pod is
executed instead. A zygote ends with its socket, and so with this process, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scheduler.backends.gpus.driver import library_variables
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.preparation.variables import THREAD_LIMITS
from scheduler.backends.process import shim

log = logging.getLogger("penstock.scheduler.zygotes")

IMPORTS_WITHIN_S = 30.0
STARTS_WITHIN_S = 5.0
READY = b"ready"


class ZygoteUnusable(Exception):
    """This zygote cannot be used any more."""


class ZygoteUnfit(ZygoteUnusable):
    """Nor would another one of this environment be: its libraries cannot be forked."""


@dataclass(eq=False)
class Zygote:
    """One process and our end of its socket."""

    process: asyncio.subprocess.Process
    link: socket.socket
    lock: asyncio.Lock
    used_at: float
    is_ready: bool = False

    async def start(self, run: RunFolder, descriptors: Sequence[int]) -> None:
        """Fork a pod for `run`, with those descriptors of its order. Raises ZygoteUnusable, ZygoteUnfit."""
        async with self.lock:
            self.used_at = time.monotonic()
            if not self.is_ready:
                said = await self._receive(IMPORTS_WITHIN_S)
                if said != READY:
                    raise ZygoteUnfit(f"it says {said!r}")
                self.is_ready = True
            try:
                socket.send_fds(self.link, [json.dumps({"run": str(run.path.resolve())}).encode()], descriptors)
            except OSError as error:
                raise ZygoteUnusable(str(error)) from error
            code = await self._receive(STARTS_WITHIN_S)
            if code != b"0":
                raise ZygoteUnusable(f"the shim ended with exit code {code!r}")

    async def _receive(self, within_s: float) -> bytes:
        try:
            async with asyncio.timeout(within_s):
                said = await asyncio.get_running_loop().sock_recv(self.link, 64)
        except (OSError, TimeoutError) as error:
            raise ZygoteUnusable(type(error).__name__) from error
        if not said:
            raise ZygoteUnusable("it has ended")
        return said

    async def end(self) -> None:
        """Close the socket, and see it out; a start that is under way comes first."""
        async with self.lock:
            self.link.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self.process.wait()
                return
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


class ZygotePool:
    """The zygotes that run now, by the Python of their environment."""

    def __init__(self, folder: Path, idle_s: float, *, only_own: bool = False) -> None:
        """`only_own`: none but the platform's own environment.

        A pod's shim is forked from the same process, with the platform's rights: where pods are confined, the packages
        of an environment that was built for a model must not be imported there. Its pods are executed.
        """
        self._only_own = only_own
        self._folder = folder
        self._shim = str(Path(shim.__file__).resolve())
        self._idle_s = idle_s
        self._zygotes: dict[str, asyncio.Task[Zygote]] = {}
        self._unfit: set[str] = set()

    def warm_platform_environment(self) -> None:
        """Have one of the platform's own environment: most models fit it."""
        if sys.executable not in self._unfit:
            self._warm(sys.executable)

    async def start(self, run: RunFolder, descriptors: Sequence[int], python: str) -> None:
        """Fork a pod; where that fails, nothing has happened (no process is written down in the run's folder)."""
        if python in self._unfit or (self._only_own and python != sys.executable):
            return
        try:
            zygote = await asyncio.shield(self._warm(python))
            await zygote.start(run, descriptors)
        except (ZygoteUnusable, OSError) as error:
            if isinstance(error, ZygoteUnfit):
                self._unfit.add(python)
            log.warning("a pod is started without its zygote: %s", error)
            await self._drop(python)

    async def run(self) -> None:
        """End idle zygotes, until cancelled; then all of them."""
        try:
            while True:
                await asyncio.sleep(min(5.0, self._idle_s))
                for python, task in list(self._zygotes.items()):
                    if task.done() and self._is_idle(task):
                        await self._drop(python)
        finally:
            await asyncio.gather(*(self._drop(python) for python in list(self._zygotes)))

    def _is_idle(self, task: asyncio.Task[Zygote]) -> bool:
        if task.cancelled() or task.exception() is not None:
            return True
        zygote = task.result()
        is_over = time.monotonic() - zygote.used_at > self._idle_s or zygote.process.returncode is not None
        return is_over and not zygote.lock.locked()

    def _warm(self, python: str) -> asyncio.Task[Zygote]:
        task = self._zygotes.get(python)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._zygotes[python] = asyncio.create_task(self._spawn(python), name=f"zygote {python}")
        elif task.done():
            task.result().used_at = time.monotonic()
        return task

    async def _spawn(self, python: str) -> Zygote:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with theirs, (self._folder / "zygotes.log").open("ab") as output:
                process = await asyncio.create_subprocess_exec(
                    python, "-m", "penstock_runtime.zygote", str(theirs.fileno()), self._shim,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=self._environment(python),
                    cwd=self._folder,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )  # fmt: skip
        except OSError:
            ours.close()
            raise
        return Zygote(process, ours, asyncio.Lock(), time.monotonic())

    def _environment(self, python: str) -> dict[str, str]:
        """What a pod's process knows before it is a certain pod's; and nothing that makes a library start a thread."""
        folder = str(self._folder.resolve())
        return {
            **library_variables(),  # a loader looks at it as a process starts, and a pod is a fork
            "PATH": f"{Path(python).parent}:/usr/bin:/bin",
            "HOME": folder,
            "TMPDIR": folder,
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
            **dict.fromkeys(THREAD_LIMITS, "1"),
        }

    async def _drop(self, python: str) -> None:
        task = self._zygotes.pop(python, None)
        if task is None or task.cancelled():
            return
        with contextlib.suppress(OSError):
            await (await task).end()
