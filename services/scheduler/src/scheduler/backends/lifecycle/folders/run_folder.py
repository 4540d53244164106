"""The folder of one run of a pod, `<home>/pods/<pod>/run-<n>/`, and the process that its files identify.

`order.json` is written by the scheduler, the rest by the shim of a process, or by who attends a container.
"""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from scheduler.backends.lifecycle.folders.damage import end_processes_below, read_or_set_aside
from scheduler.backends.lifecycle.folders.json_files import write_json
from scheduler.machine import start_ticks

CONTAINER_FILE = "container.json"
"""Of a run that is a container; a process has `process.json`. Both say since when it runs."""


@dataclass(frozen=True)
class PodProcess:
    """The process of a run; `ticks` tells it from a later one with the same pid."""

    pid: int
    ticks: int | None
    shim: int

    def is_alive(self) -> bool:
        """Whether this very process runs (a zombie does not)."""
        try:
            if psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.Error:
            return False
        return self.ticks is None or self.ticks == start_ticks(self.pid)

    def send(self, number: signal.Signals) -> None:
        """Signal its process group; nothing happens where it has ended."""
        if self.is_alive():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def reap_shim(self) -> None:
        """Collect the shim where it has become this process' child (as PID 1 of a container, for example)."""
        with suppress(ChildProcessError):
            os.waitpid(self.shim, os.WNOHANG)


@dataclass(frozen=True)
class RunFolder:
    """One run of a pod."""

    path: Path
    number: int

    @property
    def output(self) -> Path:
        """What the run printed, preparation included."""
        return self.path / "output.log"

    def make(self) -> None:
        """Create the folder; nothing happens where it is there."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write_order(self, content: Mapping[str, Any]) -> None:
        """Write what the shim is to start."""
        write_json(str(self.path / "order.json"), dict(content))

    def read_order(self) -> dict[str, Any] | None:
        """The order that the shim was started with."""
        return read_or_set_aside(self.path / "order.json")

    def groups(self) -> list[str]:
        """Files of the control groups that limit the run; none where it is not limited."""
        return list((self.read_order() or {}).get("groups", ()))

    def process(self) -> PodProcess | None:
        """The process that was started, alive or not. One whose file is damaged is ended: the run fails."""
        found = self._read_process_file()
        return PodProcess(found["pid"], found["ticks"], found["shim"]) if found else None

    def started_at(self) -> float | None:
        """Unix time of the start."""
        found = self._read_process_file() or read_or_set_aside(self.path / CONTAINER_FILE, ("at",))
        return found["at"] if found else None

    def age_s(self, monotonic: float) -> float:
        """Seconds since the start, by the clock that the shim wrote down and nobody sets; 0 where it is not known."""
        found = self._read_process_file()
        begun = float((found or {}).get("monotonic", monotonic))
        return max(0.0, monotonic - begun)

    def _read_process_file(self) -> dict[str, Any] | None:
        path = self.path / "process.json"
        found = read_or_set_aside(path, ("pid", "ticks", "shim", "at"))
        if found is None and any(self.path.glob(f"{path.name}.damaged-*")):
            end_processes_below(self.path)
        return found

    def exit(self) -> dict[str, Any] | None:
        """How it ended: `code` or `signal`; None while it runs."""
        found = read_or_set_aside(self.path / "exit.json", ("code", "signal"))
        return {"code": found["code"], "signal": found["signal"]} if found else None

    def ended_at(self) -> float | None:
        """Unix time of the end, as the shim wrote it; None while it runs, or where nobody wrote it."""
        path = self.path / "exit.json"
        found = read_or_set_aside(path, ("code", "signal"))
        return float(found.get("at") or path.stat().st_mtime) if found else None

    def is_attended(self) -> bool:
        """Whether its shim lives, which will write how it ends. To be asked of a run that was started."""
        try:
            with (self.path / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def touched_at(self) -> float | None:
        """Unix time when its shim last touched the lock."""
        try:
            return (self.path / "lock").stat().st_mtime
        except FileNotFoundError:
            return None

    def mark_settled(self) -> None:
        """Note that its times are stored for good: the folder may go."""
        with suppress(FileNotFoundError):
            (self.path / "settled").touch()

    def is_settled(self) -> bool:
        """Whether its times are stored for good."""
        return (self.path / "settled").exists()

    def is_countable(self) -> bool:
        """Whether it has times that are not stored yet."""
        was_started = (self.path / "process.json").exists() or (self.path / CONTAINER_FILE).exists()
        return was_started and not self.is_settled()

    def dropped_bytes(self) -> int:
        """Bytes of output that were dropped from the front of the file."""
        found = read_or_set_aside(self.path / "base.json", ("base",))
        return int(found["base"]) if found else 0

    def write_line(self, text: str) -> None:
        """Add a line of the platform's own to the output (before the process runs, or after it has ended)."""
        with self.output.open("a", encoding="utf-8") as output:
            output.write(f"[penstock] {text}\n")
