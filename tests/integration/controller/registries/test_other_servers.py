"""What the client and the command line make of servers that are no control plane, and of tokens that are none."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import Result

import penstock
from penstock.client import PenstockError, ServerError, Unauthenticated
from platforms.command_line import invoke

ANSWERS = {
    "html": b"<html>hello",
    "object": b"{}",
    "list": b"[]",
    "text": b'"x"',
    "null": b"null",
    "items": b'{"items": 1}',
}


@pytest.fixture
def address() -> Iterator[str]:
    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = ANSWERS.get(self.path.split("/")[1])
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def command(folder: Path, *arguments: str, url: str = "", token: str = "t") -> Result:
    given = {"PENSTOCK_URL": url, "PENSTOCK_TOKEN": token, "XDG_CONFIG_HOME": str(folder), "PENSTOCK_HOME": str(folder)}
    return invoke(*arguments, env=given)


@pytest.mark.parametrize("answer", ANSWERS)
async def test_another_servers_answer_is_an_error_of_ours(address: str, answer: str) -> None:
    with penstock.Client(f"{address}/{answer}", "t") as client:
        with pytest.raises(ServerError):
            list(client.services())
        with pytest.raises(ServerError):
            list(client.follow_logs("wine"))
        if answer not in ("object", "items"):
            with pytest.raises(ServerError):
                client.service("wine")
    async with penstock.AsyncClient(f"{address}/{answer}", "t") as client:
        with pytest.raises(ServerError):
            [one async for one in client.services()]
        with pytest.raises(ServerError):
            [one async for one in client.follow_logs("wine")]


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_command_line_says_so_in_one_line(address: str, answer: str, tmp_path: Path) -> None:
    for arguments in (("services", "list"), ("logs", "wine", "-f")):
        failed = command(tmp_path, *arguments, url=f"{address}/{answer}")
        assert (failed.exit_code, failed.stderr.count("\n"), failed.stdout) == (1, 1, "")


def test_nobody_logs_in_to_what_is_no_control_plane(address: str, tmp_path: Path) -> None:
    refused = command(tmp_path, "login", address)
    assert (refused.exit_code, "is no control plane" in refused.stderr) == (3, True)
    assert command(tmp_path, "login", f"{address}/items").exit_code == 1
    assert not (tmp_path / "penstock").exists()


@pytest.mark.parametrize("token", ["中文", "psk-secret\nmore", "ta\tb"])
def test_what_is_no_token_is_refused_and_not_repeated(address: str, token: str, tmp_path: Path) -> None:
    with penstock.Client(address, token) as client, pytest.raises(Unauthenticated) as refused:
        client.service("wine")
    assert isinstance(refused.value, PenstockError)
    failed = command(tmp_path, "services", "list", url=address, token=token)
    assert failed.exit_code == 4
    assert token.strip() not in failed.output
    assert "psk-secret" not in failed.output


def test_a_token_is_taken_without_the_blanks_around_it(address: str, tmp_path: Path) -> None:
    assert command(tmp_path, "login", address, "--token", " t\n", token="").exit_code == 3
