"""The life of a pod: bind, answer "alive", load, serve, drain."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys

import uvloop

from penstock_runtime.http.connection import Connection
from penstock_runtime.http.endpoints import Door
from penstock_runtime.options import Options
from penstock_runtime.pod_log import Prints
from penstock_runtime.startup.startup import Opening
from penstock_runtime.workers.template import open_files

TOKEN_VARIABLE = "PENSTOCK_POD_TOKEN"  # noqa: S105 - a name
EXIT_STOPPED = 0
EXIT_ADDRESS = 1
EXIT_NOT_LOADED = 3
EXIT_NEVER_LOADS = 5
EXIT_NO_WORKERS = 4


def run(options: Options) -> None:
    """Serve until SIGTERM or SIGINT; ends the process.

    Exit codes: 0 stopped; 1 the address cannot be had; 3 the model cannot be loaded, the last line on stderr says why;
    4 workers end before they have the model.
    """
    # A pod reports to nobody but the platform.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    prints = Prints()
    prints.install()
    try:
        listening = listen(options)
    except OSError as error:
        prints.say(f"cannot listen on {options.host}:{options.port}: {error.strerror}")
        sys.exit(EXIT_ADDRESS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(serve(options, listening, prints))
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # A model that is still loading, or predicting beyond the limit, holds a thread that Python would wait for.
        os._exit(code)


def listen(options: Options) -> socket.socket:
    """The socket that was handed over, or one of our own.

    Raises:
        OSError: the address is busy, or not ours.
    """
    if options.fd is not None:
        return socket.socket(fileno=options.fd)
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((options.host, options.port))
    return listening


def own_token() -> bytes | None:
    """The token that a pod is given through its environment. It leaves it: processes that a model starts need none."""
    token = os.environ.pop(TOKEN_VARIABLE, None)
    return token.encode() if token else None


async def serve(options: Options, listening: socket.socket, prints: Prints) -> int:
    """Serve one model; gives the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    door = Door(options, own_token())
    server = await loop.create_server(lambda: Connection(door), sock=listening, backlog=512)
    host, port = listening.getsockname()[:2]
    prints.say(f"listening on {host}:{port}; loading the model")
    opening = Opening(door, options, prints, open_files() | {listening.fileno()})
    loading = asyncio.create_task(opening.open(), name="load")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    failing = asyncio.create_task(opening.has_failed.wait(), name="fail")
    sweeping = asyncio.create_task(door.sweep(), name="sweep")
    await asyncio.wait((loading, stopping, failing), return_when=asyncio.FIRST_COMPLETED)
    if loading.done() and not loading.result():
        return EXIT_NEVER_LOADS if opening.is_final else EXIT_NOT_LOADED
    await asyncio.wait((stopping, failing), return_when=asyncio.FIRST_COMPLETED)
    if failing.done():
        return EXIT_NO_WORKERS
    sweeping.cancel()
    await _drain(door, server, options, prints)
    return EXIT_STOPPED


async def _drain(door: Door, server: asyncio.Server, options: Options, prints: Prints) -> None:
    prints.say("stopping: no new connections, finishing what is in flight")
    server.close()
    door.drain()
    try:
        async with asyncio.timeout(options.drain_seconds):
            await door.all_left.wait()
    except TimeoutError:
        prints.say(f"{len(door.connections)} connections left unanswered after {options.drain_seconds:g} s")
