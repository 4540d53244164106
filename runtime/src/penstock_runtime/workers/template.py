"""A copy of the server, made when the model was loaded and nothing was predicted yet, of which workers are forked.

A process in which OpenMP has run cannot be forked: the child waits for ever for threads that it does not have. The
server itself predicts sooner or later; the template never does, so that a worker can be replaced at any time within
milliseconds, and shares the model's memory.
"""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import socket
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from penstock_runtime.workers.exits import ChildExitSignal, ExitReader, send_exit
from penstock_runtime.workers.process import die_with_parent, ignore_stop_signals, run_and_exit, serve_batches

if TYPE_CHECKING:
    from penstock_runtime.loading.loader import LoadedModel


def open_files() -> set[int]:
    """The descriptors that this process has open, beside its standard streams; empty where the system does not say."""
    folder = Path("/proc/self/fd")
    return {int(entry.name) for entry in folder.iterdir()} - {0, 1, 2} if folder.exists() else set()


class WorkerTemplate:
    """The server's handle of the template process."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.exits = ExitReader(control)

    def start(self, far: socket.socket) -> None:
        """Fork a worker that serves on `far`.

        Raises:
            OSError: the template is gone.
        """
        socket.send_fds(self.control, [b"w"], [far.fileno()])


def make_template(loaded: LoadedModel, inherited: Iterable[int]) -> WorkerTemplate:
    """Fork the template; on the main thread, with no other of Python's running.

    `inherited` are descriptors of the server's that the template has no business with: sockets above all, which would
    stay open as long as it lives.
    """
    near, far = socket.socketpair()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    parent = os.getpid()
    gc.freeze()
    if _fork() == 0:
        run_and_exit(lambda: _run_template(far, loaded, {*inherited, near.fileno()}, parent), loaded.log)
    far.close()
    near.setblocking(False)
    return WorkerTemplate(near)


def _fork() -> int:
    with warnings.catch_warnings():
        # Python warns of any thread at all; which ones there are was looked at before.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _run_template(control: socket.socket, loaded: LoadedModel, inherited: set[int], parent: int) -> None:
    signal.set_wakeup_fd(-1)
    asyncio._set_running_loop(None)
    die_with_parent(parent)
    ignore_stop_signals()
    _replace_with_devnull(inherited - {control.fileno()})
    signals = ChildExitSignal()
    while True:
        ready, _, _ = select.select([control.fileno(), signals.fileno()], [], [])
        for process_exit in signals.collect_exits():
            send_exit(control, process_exit)
        if control.fileno() in ready:
            said, fds, _, _ = socket.recv_fds(control, 1, 1)
            if not said:
                return
            _fork_worker(socket.socket(fileno=fds[0]), control, signals, loaded)


def _fork_worker(
    connection: socket.socket, control: socket.socket, signals: ChildExitSignal, loaded: LoadedModel
) -> None:
    parent = os.getpid()

    def serve() -> None:
        die_with_parent(parent)
        control.close()
        signals.close()
        _reseed()
        serve_batches(connection, loaded)

    with connection:
        if _fork() == 0:
            run_and_exit(serve, loaded.log)


def _reseed() -> None:
    """Draw other random numbers than the workers beside this one.

    NumPy's global state, which SciPy and scikit-learn draw from, is the template's in each fork; Python's own `random`
    sees to itself. Generators that the model made when it was loaded stay as they are.
    """
    if "numpy" in sys.modules:  # loaded with the model, and not before
        sys.modules["numpy"].random.seed()


def _replace_with_devnull(descriptors: Iterable[int]) -> None:
    """Close the descriptors, and keep their numbers in use.

    libuv closes the two of its signals' pipe in every fork, whatever has these numbers by then: a worker's socket,
    where they had become free.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for fd in descriptors:
        if fd != null and _is_open(fd):  # one that was closed meanwhile may have become `null` itself
            os.dup2(null, fd, inheritable=False)
    os.close(null)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False  # it was closed meanwhile
    return True
