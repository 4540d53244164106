"""A real platform for end-to-end and chaos tests: `penstock up` in a home of its own, on ports of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import deltalake
import httpx

from penstock.launcher.home import Home
from penstock.launcher.platform import own_processes, status
from servers.ports import free_port

ROOT = Path(__file__).parents[3]
ASKED_AT_LEAST_EVERY_S = 0.3
COUNTED = ("client_request_id", "request_id", "status_code", "route_reason")


def until(condition: Callable[[], Any], *, within: float, what: str, every: float = 0.05, about: object = None) -> Any:
    """The first true value of `condition`; fails after `within` seconds naming `what` and the last value or error.

    `about`, as it is then, is shown too.

    Asked every `every` seconds at first, and more and more seldom: what takes long is asked a few times a second.
    """
    deadline = time.monotonic() + within
    last: Any = None
    while time.monotonic() < deadline:
        try:
            if last := condition():
                return last
        except (httpx.HTTPError, KeyError, FileNotFoundError) as error:
            last = error
        time.sleep(every)
        every = max(every, min(every * 1.2, ASKED_AT_LEAST_EVERY_S))
    raise AssertionError(f"not within {within} s: {what}; last: {last!r}; about: {about!r}")


@dataclass
class Platform:
    """One platform under `home`."""

    home: Path
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in range(4)])
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        api, data, nats, mlflow = map(str, self.ports)
        ports = {
            "PENSTOCK_API_PORT": api,
            "PENSTOCK_PORT": data,
            "PENSTOCK_NATS_PORT": nats,
            "PENSTOCK_MLFLOW_PORT": mlflow,
        }
        return os.environ | {"PENSTOCK_HOME": str(self.home)} | ports | self.settings

    def penstock(self, *arguments: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """Run the command line against this platform."""
        return subprocess.run(
            [sys.executable, "-m", "penstock", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def up(self) -> None:
        """Bring it up, at the first try: a start that is too slow is a failure, which the launcher explains."""
        done = self.penstock("up", "--detach")
        assert done.returncode == 0, done.stdout + done.stderr

    def down(self) -> None:
        self.penstock("down")

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}/api/v1"

    @property
    def data_url(self) -> str:
        return f"http://127.0.0.1:{self.ports[1]}"

    @property
    def mlflow_url(self) -> str:
        return f"http://127.0.0.1:{self.ports[3]}"

    @property
    def token(self) -> str:
        return (self.home / "admin-token").read_text().strip()

    def status(self) -> dict[str, Any]:
        """What `penstock status --json` prints, without a process that imports everything for each look."""
        home = Home.from_environment(self.environment)
        with ThreadPoolExecutor(1) as beside_the_loop:  # it runs an event loop of its own; the test may have one too
            return beside_the_loop.submit(status, home).result()

    def process(self, name: str) -> dict[str, Any]:
        """One process or pod as `status` shows it; of the platform's own processes without asking any of them."""
        home = Home.from_environment(self.environment)
        found = next((p for p in own_processes(home) if p["name"] == name), None)
        return found or next(p for p in self.status()["processes"] if p["name"] == name)

    def kill(self, name: str, sig: int = signal.SIGKILL) -> int:
        """Signal one process of the platform; returns the pid that it had."""
        pid: int = self.process(name)["pid"]
        os.kill(pid, sig)
        return pid

    def api(self, method: str, path: str, **options: Any) -> Any:
        """Call the control plane; fails on any status but 2xx, shows the answer. `until` puts up with a 503."""
        with httpx.Client(base_url=self.api_url, headers={"Authorization": f"Bearer {self.token}"}) as client:
            answer = client.request(method, self.api_url + path, timeout=30, **options)
        if answer.status_code == 503:
            raise httpx.HTTPStatusError(answer.text, request=answer.request, response=answer)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def wait_version(self, service: str, version: str, status: str, within: float = 180) -> Any:
        about: dict[str, Any] = {}

        def seen() -> Any:
            found = self.api("GET", f"/services/{service}/versions/{version}")
            about.update({name: found.get(name) for name in ("status", "reason", "message", "ready_replicas")})
            return found if found["status"] == status else None

        return until(seen, within=within, what=f"{service}/{version} {status}", about=about)

    def payload_rows(self, service: str, columns: Sequence[str] = COUNTED) -> list[dict[str, Any]]:
        """The payload table as an outside reader sees it: by default what tells rows apart, not what was in them."""
        location = self.home / "tables" / service / "payload"
        if not (location / "_delta_log").exists():
            return []
        table = deltalake.DeltaTable(location)
        there = {field.name for field in table.schema().fields}  # an earlier release wrote fewer
        wanted = [column for column in columns if column in there]
        rows: list[dict[str, Any]] = table.to_pyarrow_table(columns=wanted).to_pylist()
        return rows

    def publish(self, service: str, model: str, version: str = "1", **fields: Any) -> str:
        """Create a service with its first version, wait until it runs, return an API key."""
        body = {
            "name": service,
            "type": "ml",
            "start": True,
            "version": {
                "model_source": {"kind": "mlflow", "model": model, "version": version},
                "resource_source": {"kind": "shared", "spec": "1C2G"},
                "replicas": 1,
                "log_delivery": {"enabled": True},
            }
            | fields,
        }
        self.api("POST", "/services", json=body)
        self.wait_version(service, "v1", "running")
        return self.issue_key(service)

    def issue_key(self, service: str, name: str = "test", within: float = 60) -> str:
        """A new API key of `service`, once the router knows it."""
        key: str = self.api("POST", f"/services/{service}/keys", json={"name": name})["key"]
        url, headers = f"{self.data_url}/{service}/predict", {"Authorization": f"Bearer {key}"}
        until(lambda: httpx.post(url, json={}, headers=headers).status_code == 400, within=within, what="the key opens")
        return key


ANSWERED_WITHIN_S = 60.0


@dataclass
class Answer:
    """One entry of a caller's ledger."""

    client_request_id: str
    sent_at: float
    status: int | None
    version: str | None = None
    error: str | None = None
    pod: str | None = None
    retry_after: str | None = None
    took_s: float = 0.0

    @property
    def answered_at(self) -> float:
        return self.sent_at + self.took_s


@dataclass
class Caller:
    """Sends requests at a steady rate, each on a connection of its own, and keeps the ledger of what came back."""

    url: str
    key: str
    body: dict[str, Any]
    rate: float = 50.0
    name: str = "call"
    ledger: list[Answer] = field(default_factory=list)
    unanswered: dict[str, float] = field(default_factory=dict)
    """Requests on their way, and when they were sent."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set and the last answer is there."""
        url, document = httpx.URL(self.url), json.dumps(self.body).removesuffix("}")
        async with asyncio.TaskGroup() as group:
            number, started = 0, time.monotonic()
            while not stop.is_set():
                name = f"{self.name}-{number}"
                request = scoring_request(url, self.key, f'{document}, "client_request_id": "{name}"}}')
                group.create_task(self._one(url.host, url.port or 80, name, request))
                number += 1
                await asyncio.sleep(max(0.0, started + number / self.rate - time.monotonic()))

    async def _one(self, host: str, port: int, name: str, request: bytes) -> None:
        started = time.monotonic()
        entry = Answer(name, started, None)
        self.unanswered[name] = started
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                status, headers, body = await exchange(host, port, request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as failure:
            entry.error = repr(failure)
        else:
            entry.status = status
            entry.version = headers.get("x-penstock-version")
            entry.pod = headers.get("x-penstock-pod")
            entry.retry_after = headers.get("retry-after")
            entry.error = None if 200 <= status < 300 else body.decode(errors="replace")
        entry.took_s = time.monotonic() - started
        self.ledger.append(entry)
        del self.unanswered[name]

    @property
    def failed(self) -> list[Answer]:
        return [a for a in self.ledger if a.status != 200]


async def exchange(host: str, port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request on a connection of its own; raises where the answer is not whole."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        return await ask(reader, writer, request)
    finally:
        writer.close()


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection, which is kept; raises where the answer is not whole.

    By hand: a client of httpx costs more for each request than the router and the pod that answer it.
    """
    writer.write(request)
    status_line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    return int(status_line.split()[1]), headers, body


def scoring_request(url: httpx.URL, key: str, body: str) -> bytes:
    """The bytes of a POST with that key."""
    head = (
        f"POST {url.path} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    )
    return (head + body).encode()
