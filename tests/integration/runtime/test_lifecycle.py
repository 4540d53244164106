"""Start, failure to load, and the end of a pod."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest


def test_it_lives_before_it_is_ready(execute: Any) -> None:
    pod = execute("wine")
    assert pod.ask("GET", "/health/live").status == 200
    early = pod.ask("GET", "/ping")
    assert (early.status, early.json["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert pod.predict({"inputs": []}).headers["retry-after"] == "1"
    pod.ready()
    assert pod.ask("GET", "/health/ready").status == 200
    assert pod.stop() == 0


def test_a_model_that_does_not_load_says_why_in_its_last_line(start: Any) -> None:
    pod = start("broken")
    assert pod.process.wait(timeout=60) == 5  # another try would not find it either
    last = pod.output.strip().splitlines()[-1]
    assert last.startswith("cannot load the model: ModuleNotFoundError")
    assert "a_lost_library" in last
    assert "Traceback (most recent call last)" in pod.output
    assert "penstock_runtime/" not in pod.output


def test_a_link_to_a_model_is_the_model(models: Path, tmp_path: Path, start: Any, expected: dict[str, Any]) -> None:
    """As a pod of a cluster has it whose models are kept in a claim."""
    link = tmp_path / "model"
    link.symlink_to(models / "wine")
    pod = start(str(link)).ready()
    body = {"dataframe_split": {"columns": expected["columns"], "data": expected["data"]}}
    assert pod.predict(body).json["predictions"] == pytest.approx(expected["predictions"])


def test_it_stops_while_it_loads(execute: Any) -> None:
    pod = execute("wine")
    assert pod.ask("GET", "/health/live").status == 200
    assert pod.stop() == 0


def test_sigterm_finishes_what_is_in_flight(start: Any) -> None:
    pod = start("whims").ready()
    idle = socket.create_connection(("127.0.0.1", pod.port))
    body = json.dumps({"dataframe_split": {"columns": ["x", "word"], "data": [[1.0, "sleep"]]}}).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", pod.port), timeout=30) as asking, idle:
        asking.sendall(head % len(body) + body)
        time.sleep(0.3)
        pod.process.send_signal(signal.SIGTERM)
        answer = b""
        while chunk := asking.recv(65536):
            answer += chunk
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(b'{"predictions":[2.0]}')
        assert idle.recv(1) == b""
    assert pod.process.wait(timeout=10) == 0


def test_a_socket_can_be_handed_over(models: Path, tmp_path: Path, start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, (tmp_path / "log").open("w") as log:
        port = listening.getsockname()[1]
        command = [sys.executable, "-m", "penstock_runtime", "--model-path", str(models / "wine")]
        process = subprocess.Popen(
            [*command, "--fd", str(listening.fileno())], pass_fds=(listening.fileno(),), stdout=log, stderr=log
        )
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_a_busy_port_is_one_clear_line(models: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "penstock_runtime", "--model-path", str(models / "wine"), "--port", port]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.strip() == f"cannot listen on 127.0.0.1:{port}: Address already in use"
