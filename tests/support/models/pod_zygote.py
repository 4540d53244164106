"""Pods forked from one process that has imported what they need, as the platform starts most of its own.

Importing MLflow and scikit-learn is nine tenths of what a pod's start costs. Unlike the scheduler, a test is told how
its pod ended by whom forked it: `ForkedProcess` is to a test what `subprocess.Popen` is.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

MAX_MESSAGE = 65_536
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class PodZygote:
    """The process that pods are forked from; they end with it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment`: what the linker has to know, which reads it once."""
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        threadless = {"JE_ARROW_MALLOC_CONF": "background_thread:false", **dict.fromkeys(ONE_THREAD, "1")}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env={**environment, "PYTHONWARNINGS": "ignore", **threadless},
            )
        self._environment = dict(environment)

    def start(self, arguments: Sequence[str], log: Path) -> ForkedProcess:
        """`python -m penstock_runtime` with these arguments, its output in `log`."""
        order = {"arguments": list(arguments), "log": str(log.resolve()), "environment": self._environment}
        return ForkedProcess(self, self.ask(order))

    def ask(self, question: Mapping[str, Any]) -> Any:
        self._link.sendall(json.dumps(question).encode())
        return json.loads(self._link.recv(MAX_MESSAGE))

    def close(self) -> None:
        self._link.close()
        self._process.wait(30)


class ForkedProcess:
    """One pod."""

    def __init__(self, zygote: PodZygote, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._zygote = zygote

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._zygote.ask({"poll": self.pid})
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            assert time.monotonic() < deadline, f"process {self.pid} has not ended within {timeout} s"
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def serve(descriptor: int) -> None:
    """Import, then fork and account for pods until the other end is closed."""
    from penstock_runtime import zygote  # noqa: PLC0415 - the tests' own process has no use for it

    for name in zygote.IMPORTED:
        importlib.import_module(name)
    link, running = socket.socket(fileno=descriptor), set[int]()
    while message := link.recv(MAX_MESSAGE):
        asked = json.loads(message)
        if pid := asked.get("poll"):
            ended, status = os.waitpid(pid, os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if ended else None
            running -= {ended}
        else:
            answer = os.fork()
            if answer == 0:
                link.close()
                be_pod(asked)
            running.add(answer)
        link.sendall(json.dumps(answer).encode())
    for pid in running:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def be_pod(asked: Mapping[str, Any]) -> None:
    """The part of a pod's process that its shim has elsewhere. Does not return."""
    from penstock_runtime import zygote  # noqa: PLC0415

    try:
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        command = [sys.executable, "-m", "penstock_runtime", *asked["arguments"]]
        zygote.run_pod({"environment": asked["environment"], "command": command})
    finally:
        os._exit(70)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
