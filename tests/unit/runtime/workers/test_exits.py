"""How a process ended, as its parent tells it."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from penstock_runtime.workers.exits import ExitReader, ProcessExit, send_exit


@pytest.mark.parametrize(
    ("process_exit", "words"),
    [
        (ProcessExit(1, 3), "exit code 3"),
        (ProcessExit(1, 0), "exit code 0"),
        (ProcessExit(1, -9), "killed by SIGKILL"),
        (ProcessExit(1, -99), "killed by signal 99"),
        (ProcessExit(1, -9, 3 << 29), "killed by SIGKILL; it had up to 1.50 GiB of memory"),
    ],
)
def test_in_words(process_exit: ProcessExit, words: str) -> None:
    assert process_exit.describe() == words


def test_endings_arrive_whole_however_they_are_cut() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        reader = ExitReader(near)
        assert reader.read() == []
        send_exit(far, ProcessExit(7, -signal.SIGKILL, 1024))
        far.send(b'{"pid": 8, "code"')
        assert reader.read() == [ProcessExit(7, -9, 1024)]
        far.send(b': 3, "peak_bytes": null}\n')
        assert reader.read() == [ProcessExit(8, 3)]
        far.close()
        assert reader.read() is None
    send_exit(far, ProcessExit(os.getpid(), 0))  # nobody hears it
