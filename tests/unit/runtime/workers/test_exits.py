"""How a process ended, as its parent tells it."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from penstock_runtime.workers.exits import Ending, EndingReader, tell


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (Ending(1, 3), "exit code 3"),
        (Ending(1, 0), "exit code 0"),
        (Ending(1, -9), "killed by SIGKILL"),
        (Ending(1, -99), "killed by signal 99"),
        (Ending(1, -9, 3 << 29), "killed by SIGKILL; it had up to 1.50 GiB of memory"),
    ],
)
def test_in_words(ending: Ending, words: str) -> None:
    assert ending.describe() == words


def test_endings_arrive_whole_however_they_are_cut() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        reader = EndingReader(near)
        assert reader.read() == []
        tell(far, Ending(7, -signal.SIGKILL, 1024))
        far.send(b'{"pid": 8, "code"')
        assert reader.read() == [Ending(7, -9, 1024)]
        far.send(b': 3, "peak_bytes": null}\n')
        assert reader.read() == [Ending(8, 3)]
        far.close()
        assert reader.read() is None
    tell(far, Ending(os.getpid(), 0))  # nobody hears it
