"""The life of a pod: bind, answer "alive", load, serve, drain."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys

import uvloop

from penstock_runtime.http.connection import HttpConnection
from penstock_runtime.http.endpoints import ModelEndpoints
from penstock_runtime.options import ServerOptions
from penstock_runtime.pod_log import PodLog
from penstock_runtime.startup.startup import PodStartup
from penstock_runtime.workers.template import open_files

TOKEN_VARIABLE = "PENSTOCK_POD_TOKEN"  # noqa: S105 - a name
EXIT_STOPPED = 0
EXIT_ADDRESS = 1
EXIT_NOT_LOADED = 3
EXIT_NO_WORKERS = 4
EXIT_NEVER_LOADS = 5


def run_server(options: ServerOptions) -> None:
    """Serve until SIGTERM or SIGINT; ends the process.

    Exit codes: 0 stopped; 1 the address cannot be had; 3 the model cannot be loaded, the last line on stderr says why;
    4 workers end before they have the model; 5 it never will be loaded.
    """
    # A pod sends no telemetry.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    log = PodLog()
    log.install()
    try:
        listening = open_socket(options)
    except OSError as error:
        log.write(f"cannot listen on {options.host}:{options.port}: {error.strerror}")
        sys.exit(EXIT_ADDRESS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(serve(options, listening, log))
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # A model that is still loading, or predicting beyond the limit, holds a thread that Python would wait for.
        os._exit(code)


def open_socket(options: ServerOptions) -> socket.socket:
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


def take_pod_token() -> bytes | None:
    """The token that a pod is given through its environment. It leaves it: processes that a model starts need none."""
    token = os.environ.pop(TOKEN_VARIABLE, None)
    return token.encode() if token else None


async def serve(options: ServerOptions, listening: socket.socket, log: PodLog) -> int:
    """Serve one model; gives the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    endpoints = ModelEndpoints(options, take_pod_token())
    server = await loop.create_server(lambda: HttpConnection(endpoints), sock=listening, backlog=512)
    host, port = listening.getsockname()[:2]
    log.write(f"listening on {host}:{port}; loading the model")
    startup = PodStartup(endpoints, options, log, open_files() | {listening.fileno()})
    loading = asyncio.create_task(startup.run(), name="load")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    failing = asyncio.create_task(startup.has_failed.wait(), name="fail")
    sweeping = asyncio.create_task(endpoints.close_idle_connections(), name="sweep")
    await asyncio.wait((loading, stopping, failing), return_when=asyncio.FIRST_COMPLETED)
    if loading.done() and not loading.result():
        return EXIT_NEVER_LOADS if startup.is_permanent else EXIT_NOT_LOADED
    await asyncio.wait((stopping, failing), return_when=asyncio.FIRST_COMPLETED)
    if failing.done():
        return EXIT_NO_WORKERS
    sweeping.cancel()
    await _drain(endpoints, server, options, log)
    return EXIT_STOPPED


async def _drain(endpoints: ModelEndpoints, server: asyncio.Server, options: ServerOptions, log: PodLog) -> None:
    log.write("stopping: no new connections, finishing what is in flight")
    server.close()
    endpoints.drain()
    try:
        async with asyncio.timeout(options.drain_seconds):
            await endpoints.drained.wait()
    except TimeoutError:
        log.write(f"{len(endpoints.connections)} connections left unanswered after {options.drain_seconds:g} s")
