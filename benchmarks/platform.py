"""A whole Penstock, as `penstock up` runs it, in a home of its own on ports of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks import usage
from benchmarks.children import BenchmarkFailed, ChildProcess, free_port, wait_until
from benchmarks.http_client import as_json, is_answering
from benchmarks.load import Request
from benchmarks.models import COLUMNS, Model, Row, register

UP_WITHIN_S = 150
ANSWER_WITHIN_S = 180
SHIPPER = "'s shipper"
_DURATIONS = "penstock_router_request_duration_seconds_sum{"
LIMIT = {"qps": 1_000_000, "burst": 100_000}
"""A rate limit that is computed for every request and turns none away."""


@dataclass(frozen=True)
class Service:
    """A published service and a key that opens it."""

    name: str
    key: str
    url: str

    def request(self, row: Row) -> Request:
        """One row, as a caller sends it."""
        body = as_json({"dataframe_split": {"columns": COLUMNS, "data": [row]}})
        return Request(f"{self.url}/predict", body, {"Authorization": f"Bearer {self.key}"})


class Platform:
    """Starts and ends as often as is wanted; what it stores stays until `remove`."""

    def __init__(self, home: Path, log: Path) -> None:
        self.home = home
        self.log = log
        ports = {"API_PORT": free_port(), "PORT": free_port(), "NATS_PORT": free_port(), "MLFLOW_PORT": free_port()}
        self.ports = ports
        self.environment = {"PENSTOCK_HOME": str(home), **{f"PENSTOCK_{name}": str(p) for name, p in ports.items()}}
        self.child: ChildProcess | None = None

    def up(self, within_s: float = UP_WITHIN_S) -> float:
        """Start it; returns the seconds until it says that it is ready."""
        self.log.unlink(missing_ok=True)
        started = time.monotonic()
        self.child = ChildProcess(
            "penstock up", [sys.executable, "-m", "penstock", "up"], self.log, env=self.environment
        )
        self.child.wait_until(lambda: b"Penstock is up" in self.log.read_bytes(), within_s, "ready")
        return time.monotonic() - started

    def down(self) -> None:
        """End it, pods too."""
        if self.child is not None:
            self.child.stop(grace_s=80)
            self.child = None

    def remove(self) -> None:
        """End it and delete all that it stored."""
        self.down()
        shutil.rmtree(self.home, ignore_errors=True)

    def register(self, model: Model) -> str:
        """Put a model into the embedded registry under its own name; returns its version."""
        return register(model, f"http://127.0.0.1:{self.ports['MLFLOW_PORT']}", model.name)

    def publish(self, service: str, model: Model, version: str, **more: Any) -> Service:
        """Create and start a service, and issue a key; what the service answers is not waited for."""
        wanted: dict[str, Any] = {
            "model_source": {"kind": "mlflow", "model": model.name, "version": version},
            "rate_limit": LIMIT,
            "log_delivery": {"enabled": True},
            **more,
        }
        body = {"name": service, "type": "ml", "start": True, "auth_enabled": True, "version": wanted}
        url = self.call("POST", "services", body)["url"]
        key = self.call("POST", f"services/{service}/keys", {"name": "benchmark"})["key"]
        return Service(service, key, url.removesuffix("/predict").rstrip("/"))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The control API; Failed where it refuses."""
        token = (self.home / "admin-token").read_text().strip()
        url = f"http://127.0.0.1:{self.ports['API_PORT']}/api/v1/{path}"
        try:
            answer = httpx.request(method, url, headers={"Authorization": f"Bearer {token}"}, json=body, timeout=60)
        except httpx.HTTPError as error:
            raise BenchmarkFailed(f"{method} {path}: {type(error).__name__} {error}") from None
        if not answer.is_success:
            raise BenchmarkFailed(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None

    def answers(self, service: Service, model: Model) -> None:
        """Wait until the service predicts; Failed with the platform's reason where it gives up."""
        asked = 0

        def has_answered() -> bool:
            nonlocal asked
            asked += 1
            if asked % 40 == 0 and (found := self.call("GET", f"services/{service.name}"))["status"] == "failed":
                raise BenchmarkFailed(f"{service.name}: {[version.get('message') for version in found['versions']]}")
            return is_answering(service.request(model.rows[0]))

        wait_until(has_answered, ANSWER_WITHIN_S, f"{service.name}: a first answer", self._must_live, every_s=0.01)

    def processes(self) -> dict[str, int]:
        """Name → pid of every process and pod; a router's shipper counts as one of its own."""
        found = self._supervised()
        routers = {name: pid for name, pid in found.items() if name.startswith("router")}
        found |= {f"{name}{SHIPPER}": child.pid for name, pid in routers.items() for child in _children(pid)}
        state = json.loads((self.home / "run" / "state.json").read_text())
        try:
            pods = httpx.get(f"http://{state['scheduler_admin']}/pods", timeout=30).json()["items"]
        except httpx.HTTPError as error:
            raise BenchmarkFailed(f"the scheduler does not list its pods: {type(error).__name__}") from None
        return found | {pod["name"]: pod["pid"] for pod in pods if pod["pid"]}

    def pods(self) -> set[str]:
        """Names of the pods."""
        named = self.processes()
        return {name for name in named if name not in self._supervised() and not name.endswith(SHIPPER)}

    def _supervised(self) -> dict[str, int]:
        state = json.loads((self.home / "run" / "state.json").read_text())
        return {process["name"]: process["pid"] for process in state["processes"] if process["pid"]}

    def cpu_s(self) -> dict[str, float]:
        """Seconds of CPU so far by kind: router, shipper, pod, others."""
        named, others = self.processes(), self._supervised()
        found = dict.fromkeys(("router", "shipper", "pod", "others"), 0.0)
        for name, pid in named.items():
            found[_kind(name, is_pod=name not in others)] += usage.cpu_s(pid, apart=named.values())
        return found

    def seconds_at_routers(self, service: str) -> dict[str, float]:
        """Router and pod → time that the service's requests took there from head to last byte, added up."""
        routers = {name: pid for name, pid in self._supervised().items() if name.startswith("router")}
        found: dict[str, float] = {}
        for name, pid in routers.items():
            port = psutil.Process(pid).environ()["ROUTER_ADMIN_PORT"]
            for line in httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text.splitlines():
                series, _, value = line.rpartition(" ")
                if series.startswith(_DURATIONS) and f'service="{service}"' in series:
                    found[f"{name} {series}"] = float(value)
        return found

    def rows(self, service: str) -> int:
        """Rows of the service's request table that say 200; 0 where there is no table yet."""
        import pyarrow.dataset  # noqa: PLC0415 - a large library, for what it counts
        from deltalake import DeltaTable  # noqa: PLC0415
        from deltalake.exceptions import DeltaError  # noqa: PLC0415

        try:
            table = DeltaTable(self.home / "tables" / service / "payload")
            return int(table.to_pyarrow_dataset().count_rows(filter=pyarrow.dataset.field("status_code") == 200))
        except (DeltaError, OSError):
            return 0

    def _must_live(self) -> None:
        if self.child is not None:
            self.child.check_alive()


def _kind(name: str, *, is_pod: bool) -> str:
    if name.endswith(SHIPPER):
        return "shipper"
    return "pod" if is_pod else "router" if name.startswith("router") else "others"


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.Error:
        return []


def fresh(cache: Path, name: str) -> Platform:
    """A platform whose home did not exist before; homes of runs that were killed go."""
    homes = cache / "homes"
    homes.mkdir(parents=True, exist_ok=True)
    for left in homes.iterdir():
        owner = left.name.rpartition("-")[2]
        if not owner.isdecimal() or not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    home = homes / f"{name}-{os.getpid()}"
    shutil.rmtree(home, ignore_errors=True)
    return Platform(home, cache / "logs" / f"platform-{name}.log")
