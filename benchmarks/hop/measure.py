"""Measures a proxy: throughput, latency, and the CPU that each request takes of it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import load, usage
from benchmarks.children import BenchmarkFailed, ChildProcess, free_port
from benchmarks.hop.cores import Cores
from benchmarks.hop.nginx import is_listening
from benchmarks.http_client import post
from benchmarks.load import Request

_ROW = '"dataframe_split":{"columns":["fixed_acidity","volatile_acidity","citric_acid","residual_sugar","chlorides",'
BODY = (
    "{" + _ROW + '"free_sulfur_dioxide","total_sulfur_dioxide","density","ph","sulphates","alcohol"],"data":'
    "[[7.4102,0.7013,0.0154,1.9034,0.0761,11.0223,34.0871,0.9978,3.5112,0.5604,9.4101]]}"
    ',"client_request_id":"order-2024-000123","note":"as a shop would send it"}'
).encode()
"""About 350 bytes."""


@contextlib.contextmanager
def upstream(cores: Cores, logs: Path) -> Iterator[tuple[ChildProcess, int]]:
    """The upstream and its port."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.hop.upstream", str(port)]
    with ChildProcess("upstream", command, logs / "hop-upstream.log", core=cores.upstream) as child:
        child.wait_until(lambda: is_listening(port), 15, "listening")
        yield child, port


def request(port: int, service: str, key: str, paths: Sequence[str] = ()) -> Request:
    """A caller's request to a service behind the proxy on `port`."""
    url = f"http://127.0.0.1:{port}/{service}/predict"
    return Request(url, BODY, {"Authorization": f"Bearer {key}"}, paths)


def measured(asked: Request, connections: int, seconds: int, cores: Cores, pid: int) -> dict[str, Any]:
    """One measurement; `pid`: the root of the proxy's processes. Failed where the proxy does not answer 200.

    `cpu_us`: of all its processes, a request; `own_cpu_us`: of the root alone, for a router what callers meet: its
    shipper is a child.
    """
    if (status := post(asked).status) != 200:
        raise BenchmarkFailed(f"{asked.url} answers {status or 'nothing'}")
    before, own_before = usage.cpu_s(pid), usage.own_cpu_s(pid)
    found = load.run(asked, connections, seconds, core=cores.load)
    used, own = usage.cpu_s(pid) - before, usage.own_cpu_s(pid) - own_before
    cpu_us = used * 1e6 / max(found.ok, 1)
    return {
        **found.as_dict(),
        "cpu_us": cpu_us,
        "own_cpu_us": own * 1e6 / max(found.ok, 1),
        "per_core": 1e6 / cpu_us if cpu_us else 0.0,
        "core_use": used / found.duration_s,
    }
