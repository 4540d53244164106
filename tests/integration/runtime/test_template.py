"""The copy of a server that its workers are forked of."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

FORKED = """
import os, socket, uvloop
from penstock_runtime.workers import template

def of_a_worker():
    sockets = [each for _ in range(8) for each in socket.socketpair()]
    if os.fork() == 0:
        for each in sockets:
            each.sendall(b"x")
        os._exit(0)
    print(os.wait()[1], flush=True)

async def served():  # libuv has a pipe of its own from now on, and makes another in each fork
    foreign = template.open_files()
    if os.fork() == 0:
        {let_go}
        of_a_worker()
        os._exit(0)
    os.wait()

uvloop.run(served())
"""
CLOSED = "import contextlib\n        for fd in foreign:\n            with contextlib.suppress(OSError): os.close(fd)"


@pytest.mark.parametrize(("let_go", "is_whole"), [("template._replace_with_devnull(foreign)", True), (CLOSED, False)])
def test_a_workers_socket_is_not_what_libuv_closes_in_a_fork(let_go: str, is_whole: bool) -> None:
    command = [sys.executable, "-c", FORKED.replace("{let_go}", let_go)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    # What libuv closes may be a descriptor of the process itself, which then ends with an error (Python 3.13).
    assert (said.returncode == 0 and said.stdout.strip() == "0") is is_whole, said.stderr
