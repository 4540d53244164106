"""A server as a child process that a test may kill, freeze and bring back."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass
class ServerProcess:
    """One server; its folder and ports stay the same over restarts."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.folder / "server.log"

    def launch(
        self,
        command: Sequence[str | Path],
        *,
        within: float,
        every: float = 0.02,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it, and wait until it serves."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=os.environ | dict(environment or {}), stdout=log, stderr=log)
        deadline = time.monotonic() + within
        while not self.is_serving():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"{command[0]} did not start"
            time.sleep(every)

    def is_serving(self) -> bool:
        raise NotImplementedError

    def kill(self) -> None:
        """SIGKILL: nothing is flushed."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)
