"""How long processes truly live, seen by the kernel's own notes and nobody's files: the yardstick of metering."""

from __future__ import annotations

import asyncio
import os
import select
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

Name = tuple[str, int]


@dataclass(frozen=True)
class Span:
    """Unix times."""

    started: float
    ended: float


@dataclass
class Lifetimes:
    """Processes that are watched, by pod and run; each by a thread that waits for its end."""

    started: dict[Name, float] = field(default_factory=dict)
    spans: dict[Name, Span] = field(default_factory=dict)

    def watch(self, name: Name, pid: int) -> None:
        """Watch a process that lives."""
        descriptor = os.pidfd_open(pid)
        self.started[name] = started = start_of(pid)
        threading.Thread(target=self._wait, args=(name, descriptor, started), daemon=True).start()

    def _wait(self, name: Name, descriptor: int, started: float) -> None:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        waiting.poll()
        self.spans[name] = Span(started, time.time())
        os.close(descriptor)

    async def ended(self, name: Name, within: float = 30.0) -> Span:
        """The lifetime of a process, once it is over."""
        deadline = time.monotonic() + within
        while name not in self.spans:
            assert time.monotonic() < deadline, f"{name} still runs"
            await asyncio.sleep(0.02)
        return self.spans[name]

    def assert_equal(self, told: Mapping[Name, tuple[datetime, datetime | None]], *, within_s: float) -> None:
        """What was told is what was watched: the same runs, from the same moment, for as long."""
        assert told.keys() == self.spans.keys() == self.started.keys()
        for name, span in self.spans.items():
            started, ended = told[name]
            assert ended is not None, name
            assert abs(started.timestamp() - span.started) < within_s, name
            assert abs(ended.timestamp() - span.ended) < within_s, name
            assert abs((ended - started).total_seconds() - (span.ended - span.started)) < within_s, name


def start_of(pid: int) -> float:
    """Unix time of a process' start, to a hundredth of a second: psutil's rests on a whole second of boot time."""
    with open(f"/proc/{pid}/stat", "rb") as stat:
        ticks = int(stat.read().rpartition(b")")[2].split()[19])
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - age
