"""Requests as a router would log them, and a real inference-logger process to write them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import deltalake
from nats.js import JetStreamContext

from servers.nats_process import NatsProcess

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
VERSION_ID = "00000000-0000-0000-0000-000000000001"


def record(name: str, service: str = "wine", **fields: Any) -> dict[str, Any]:
    """One record; `name` is its request id and its client's."""
    return {
        "request_id": name,
        "client_request_id": f"client-{name}",
        "service": service,
        "version": "v1",
        "version_id": VERSION_ID,
        "pod": "wine-v1-a",
        "model": "wine_quality/1",
        "received_at": (START + timedelta(seconds=sum(map(ord, name)))).isoformat(),
        "duration_ms": 1.6,
        "status_code": 200,
        "route_reason": "only",
        "api_key_id": None,
        "request": '{"dataframe_split": {"columns": ["a"], "data": [[1.0]]}}',
        "response": '{"predictions": [5.0]}',
        "sampling_fraction": 1.0,
        "logging_error_codes": [],
        "trace_id": None,
    } | fields


async def log(js: JetStreamContext, *records: dict[str, Any], retry: bool = False, msg_id: str | None = None) -> int:
    """Publish one message of a service's records; its position in the stream."""
    headers = {"penstock-retry": "1"} if retry else {}
    if msg_id:
        headers["Nats-Msg-Id"] = msg_id
    body = json.dumps({"records": records}).encode()
    subject = f"penstock.requests.v1.{records[0]['service']}"
    return (await js.publish(subject, body, stream="REQUESTS", headers=headers or None)).seq


def rows(home: Path, service: str = "wine", kind: str = "payload") -> list[dict[str, Any]]:
    """A table as an outside reader sees it; no rows where there is no table."""
    location = home / "tables" / service / kind
    if not list((location / "_delta_log").glob("*.json")):  # the folder is there a moment before its first commit
        return []
    found: list[dict[str, Any]] = deltalake.DeltaTable(location).to_pyarrow_table().to_pylist()
    return found


def counted(home: Path, service: str = "wine", kind: str = "payload") -> Counter[str]:
    """Request id → rows."""
    return Counter(row["request_id"] for row in rows(home, service, kind))


@dataclass
class LoggerProcess:
    """`python -m inference_logger` on a home and a server."""

    nats: NatsProcess
    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = os.environ | {
            "PENSTOCK_HOME": str(self.home),
            "INFERENCE_LOGGER_NATS_URL": self.nats.url,
            "INFERENCE_LOGGER_ADMIN_PORT": "0",
            "INFERENCE_LOGGER_NICE": "0",
            "INFERENCE_LOGGER_MERGE_INTERVAL": "1",  # so that some are killed while they merge
        }
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "logger.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "inference_logger"], env=environment | self.settings, stderr=output
            )

    def kill(self, sig: int = signal.SIGKILL) -> int:
        """Signal it and wait; its exit status."""
        assert self.process is not None
        self.process.send_signal(sig)
        status = self.process.wait(20)
        self.process = None
        return status

    def end(self) -> None:
        """Kill it, if it runs."""
        if self.process is not None:
            self.kill()
