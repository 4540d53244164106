"""`penstock login` without a terminal: the token is the first line of the input, and nothing is said of echoes."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.threaded_server import ThreadedServer


@pytest.fixture
def control_plane() -> Iterator[tuple[str, list[str]]]:
    """One that has no services; and the credentials that it was shown."""
    shown: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers.get("Authorization", ""))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"items": [], "next_cursor": null}')

        def log_message(self, *_: object) -> None:
            return

    server = ThreadedServer(Handler)
    server.start()
    yield server.url, shown
    server.stop()


def login(url: str, config: Path, given: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "XDG_CONFIG_HOME": str(config)}
    command = [str(Path(sys.executable).with_name("penstock")), "login", url]
    return subprocess.run(command, env=environ, input=given, capture_output=True, text=True, check=False, timeout=60)


def test_a_token_is_read_from_a_pipe(control_plane: tuple[str, list[str]], tmp_path: Path) -> None:
    url, shown = control_plane

    done = login(url, tmp_path, "pst_piped\n")

    assert (done.returncode, done.stderr) == (0, f"penstock: context default: {url}\n")
    assert shown == ["Bearer pst_piped"]
    (contexts,) = tmp_path.rglob("contexts.json")
    assert json.loads(contexts.read_text())["contexts"]["default"]["token"] == "pst_piped"


def test_no_token_is_a_usage_error_of_one_line(control_plane: tuple[str, list[str]], tmp_path: Path) -> None:
    url, shown = control_plane

    done = login(url, tmp_path, "")

    assert (done.returncode, shown) == (2, [])
    assert done.stderr.startswith("penstock: no token was given")
