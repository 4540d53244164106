"""A process that predicts, beside the server: it takes batches of requests from its socket, and gives the answers back.

It is forked from the server's template, or started as `python -m penstock_runtime.workers.process FD OPTIONS PARENT`
where the model cannot be forked. It ends when its socket is closed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson

from penstock_runtime.errors import Refused
from penstock_runtime.inference.jobs import Job
from penstock_runtime.messages import Asked, Outcome
from penstock_runtime.options import Options
from penstock_runtime.pod_log import Prints
from penstock_runtime.sharing.plans import APART, Plan
from penstock_runtime.workers.frames import Frame, FrameBuffer

if TYPE_CHECKING:
    from penstock_runtime.loading.loader import Loaded

_PR_SET_PDEATHSIG = 1
_CHUNK = 1 << 18


def die_with_parent(parent: int) -> None:
    """End when the parent process ends, however it does. Linux; elsewhere the end of the socket has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def ignore_stop_signals() -> None:
    """Whoever stops the whole group wants the server to finish first; with handlers, since SIG_IGN is inherited."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)


def work(connection: socket.socket, loaded: Loaded) -> None:
    """Answer batches until the other end is closed."""
    _warm_up(loaded)
    connection.sendall(Frame({"ready": os.getpid()}).pack())
    frames = FrameBuffer()
    while data := connection.recv(_CHUNK):
        for frame in frames.feed(data):
            connection.sendall(_answers(loaded, frame).pack())


def _warm_up(loaded: Loaded) -> None:
    """Predict for the model's example: the first predict of a process is its slowest."""
    if loaded.example is not None and isinstance(job := _job(loaded, "example", loaded.example), Job):
        loaded.predictor.warm_up(job)


def _answers(loaded: Loaded, frame: Frame) -> Frame:
    outcomes: list[Outcome | None] = []
    jobs: list[Job] = []
    for (request_id, form, content_type), body in zip(frame.head["jobs"], frame.bodies, strict=True):
        read = _job(loaded, request_id, Asked(form, content_type, body, request_id))
        outcomes.append(read if isinstance(read, Outcome) else None)
        jobs += [read] if isinstance(read, Job) else []
    plan = Plan.unpacked(frame.head["plan"]) if "plan" in frame.head else APART
    report = loaded.predictor.execute(jobs, plan)
    predicted = iter(report.outcomes)
    complete = [outcome or next(predicted) for outcome in outcomes]
    head = {
        "statuses": [outcome.status for outcome in complete],
        "seconds": report.seconds,
        "reasking_s": report.reasking_s,
        "finding": report.finding.packed(),
    }
    return Frame(head, tuple(outcome.body for outcome in complete))


def _job(loaded: Loaded, request_id: str, asked: Asked) -> Job | Outcome:
    try:
        reading = loaded.reader.read(asked)
    except Refused as refused:  # the server took it: only a model whose checks change their mind comes here
        return Outcome(refused.status, refused.body(request_id))
    return Job(request_id, reading, asked, _to_nobody, _is_here)


def _to_nobody(_: Outcome) -> None:
    """Answers leave together."""


def _is_here() -> bool:
    return False


def main(arguments: list[str]) -> None:
    """Load the model and work; the code of a worker that is a process of its own."""
    fd, said, parent = int(arguments[0]), arguments[1], int(arguments[2])
    die_with_parent(parent)
    ignore_stop_signals()
    prints = Prints()
    prints.install()
    from penstock_runtime.loading.loader import load  # noqa: PLC0415 — a worker that was forked has it already

    try:
        loaded = load(Options(**orjson.loads(said)), prints)
        with socket.socket(fileno=fd) as connection:
            run(lambda: work(connection, loaded), prints)
    except Exception as error:  # noqa: BLE001 — a model's code raises what it likes
        prints.say(f"a worker cannot load the model: {type(error).__name__}: {error}"[:1000])
        os._exit(1)


def run(task: Callable[[], None], prints: Prints) -> None:
    """Do it, and end the process: no finalizers, which belong to the process that was forked."""
    code = 0
    try:
        task()
    except OSError:  # the server is gone
        code = 1
    except BaseException as error:  # noqa: BLE001 — whatever it was, nobody is above
        prints.say(f"a worker ended: {type(error).__name__}: {error}"[:1000])
        code = 1
    for stream in prints.streams:
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
