"""What `penstock doctor` and `penstock status` find at the ports of a platform, here of one that is made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from penstock.doctor.platform_checks import processes
from penstock.doctor.report import show_status
from penstock.launcher.home import Home, Ports
from penstock.launcher.platform import status
from penstock.launcher.state import ProcessView, RunState, supervisor_lock


@contextmanager
def answering(body: dict[str, object]) -> Iterator[str]:
    """The address of a server that answers this to everything."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("problem", [None, "the container engine at unix:///s does not answer"])
def test_an_engine_that_is_away_is_found(tmp_path: Path, problem: str | None) -> None:
    body: dict[str, object] = {"ready": True} | ({"problem": problem} if problem else {})
    with answering(body) as address:
        running = ProcessView("scheduler", 1, "running", 0, None, admin=address)
        state = RunState(1, True, (running,), scheduler_admin=address)
        found = {finding.text: finding.level for finding in processes(Home(tmp_path, Ports()), state)}
    failed = [text for text, level in found.items() if level == "failed"]
    assert failed == ([f"something keeps pods from starting and ending: {problem}"] if problem else [])


@pytest.mark.parametrize("problem", [None, "the API server at https://k:6443 does not answer"])
def test_the_status_says_what_keeps_pods_from_starting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], problem: str | None
) -> None:
    home = Home(tmp_path, Ports())
    home.create()
    body: dict[str, object] = {"ready": True, "message": "kept from nothing"} | (
        {"problem": problem} if problem else {}
    )
    with answering(body) as address, supervisor_lock(home):
        RunState(1, True, (), scheduler_admin=address).save(home)
        found = status(home)
    show_status(found)
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("PROBLEM")]
    assert (found["ready"], said) == ((False, [f"PROBLEM  pods: {problem}"]) if problem else (True, []))
