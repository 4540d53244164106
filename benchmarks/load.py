"""The load tool: wrk, closed loop, one thread, one request again and again over so many connections."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.children import BenchmarkFailed

_SCRIPT = Path(__file__).with_name("wrk.lua")
_GRACE_S = 60


@dataclass(frozen=True)
class Request:
    """A POST."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    paths: Sequence[str] = ()
    """Taken in turn, in place of the URL's, where given."""


@dataclass(frozen=True)
class Load:
    """What came of it. Latencies in milliseconds; `broken`: connections that could not be made or were cut."""

    connections: int
    requests: int
    duration_s: float
    not_2xx: int
    broken: int
    timeouts: int
    p50_ms: float
    p99_ms: float
    max_ms: float

    @property
    def ok(self) -> int:
        """Answers with status 2xx."""
        return self.requests - self.not_2xx

    @property
    def per_second(self) -> float:
        """Answers with status 2xx a second."""
        return self.ok / self.duration_s

    @property
    def failures(self) -> int:
        """Everything that was not a 2xx answer."""
        return self.not_2xx + self.broken + self.timeouts

    def as_dict(self) -> dict[str, Any]:
        """For the JSON of results."""
        return {**asdict(self), "per_second": self.per_second, "failures": self.failures}


def run(request: Request, connections: int, seconds: int, core: int | None = None) -> Load:
    """Send for `seconds`; raises Failed where wrk is missing or does not come to an end."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise BenchmarkFailed("wrk is missing (Debian: apt-get install wrk)")
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    command = [*pinned, wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", str(_SCRIPT)]
    try:
        done = subprocess.run(  # noqa: S603
            [*command, request.url],
            env={**os.environ, **_environment(request)},
            capture_output=True,
            text=True,
            timeout=seconds + _GRACE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BenchmarkFailed(f"wrk on {request.url} did not end") from None
    return _parse_output(done.stdout + done.stderr, connections)


def _environment(request: Request) -> dict[str, str]:
    headers = {"Content-Type": "application/json", **request.headers}
    found = {
        "BENCH_BODY": request.body.decode(),
        "BENCH_HEADERS": "\n".join(f"{name}: {value}" for name, value in headers.items()),
    }
    return found | ({"BENCH_PATHS": "\n".join(request.paths)} if request.paths else {})


def _parse_output(output: str, connections: int) -> Load:
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise BenchmarkFailed(f"wrk: {output.strip()[-300:]}")
    found = json.loads(lines[-1])
    return Load(
        connections=connections,
        requests=found["requests"],
        duration_s=found["duration_us"] / 1e6,
        not_2xx=found["not_2xx"],
        broken=found["broken"],
        timeouts=found["timeouts"],
        p50_ms=found["p50_us"] / 1e3,
        p99_ms=found["p99_us"] / 1e3,
        max_ms=found["max_us"] / 1e3,
    )


def path_of(url: str) -> str:
    """`http://host:port/a/b` → `/a/b`."""
    return urlsplit(url).path
