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

from penstock_runtime.errors import RequestRefused
from penstock_runtime.inference.jobs import PredictJob, job_without_caller
from penstock_runtime.loading.failures import describe_failure
from penstock_runtime.messages import EncodedResponse, RawRequest
from penstock_runtime.options import ServerOptions
from penstock_runtime.pod_log import PodLog
from penstock_runtime.sharing.plans import BatchPlan
from penstock_runtime.workers.frames import Frame, FrameBuffer

if TYPE_CHECKING:
    from penstock_runtime.loading.loader import LoadedModel

_PR_SET_PDEATHSIG = 1
_CHUNK = 1 << 18


def die_with_parent(parent: int) -> None:
    """End when the parent process ends, however it does. Linux; elsewhere the end of the socket has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def ignore_stop_signals() -> None:
    """SIGTERM to the process group lets the server finish first; handlers, since SIG_IGN would be inherited."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)


def serve_batches(connection: socket.socket, loaded: LoadedModel) -> None:
    """Answer batches until the other end is closed."""
    _warm_up(loaded)
    connection.sendall(Frame({"ready": os.getpid()}).pack())
    frames = FrameBuffer()
    while data := connection.recv(_CHUNK):
        for frame in frames.feed(data):
            connection.sendall(_predict_frame(loaded, frame).pack())


def _warm_up(loaded: LoadedModel) -> None:
    """Predict for the model's example: the first predict of a process is its slowest."""
    if loaded.example is not None and isinstance(job := _job(loaded, "example", loaded.example), PredictJob):
        loaded.predictor.warm_up(job)


def _predict_frame(loaded: LoadedModel, frame: Frame) -> Frame:
    responses: list[EncodedResponse | None] = []
    jobs: list[PredictJob] = []
    for (request_id, endpoint, content_type), body in zip(frame.head["jobs"], frame.bodies, strict=True):
        read = _job(loaded, request_id, RawRequest(endpoint, content_type, body, request_id))
        responses.append(read if isinstance(read, EncodedResponse) else None)
        jobs += [read] if isinstance(read, PredictJob) else []
    plan = BatchPlan.from_dict(frame.head["plan"])
    report = loaded.predictor.predict_batch(jobs, plan)
    predicted = iter(report.responses)
    complete = [response or next(predicted) for response in responses]
    head = {
        "statuses": [response.status for response in complete],
        "seconds": report.seconds,
        "recheck_s": report.recheck_s,
        "finding": report.finding.to_dict(),
    }
    return Frame(head, tuple(response.body for response in complete))


def _job(loaded: LoadedModel, request_id: str, raw: RawRequest) -> PredictJob | EncodedResponse:
    try:
        request = loaded.reader.read(raw)
    except RequestRefused as refused:  # the server took it: only a model whose checks change their mind comes here
        return EncodedResponse(refused.status, refused.body(request_id))
    return job_without_caller(request_id, request, raw)


def main(arguments: list[str]) -> None:
    """Load the model and work; the code of a worker that is a process of its own."""
    fd, said, parent = int(arguments[0]), arguments[1], int(arguments[2])
    die_with_parent(parent)
    ignore_stop_signals()
    log = PodLog()
    log.install()
    from penstock_runtime.loading.loader import load_model  # noqa: PLC0415 — a worker that was forked has it already

    try:
        loaded = load_model(ServerOptions(**orjson.loads(said)), log)
        with socket.socket(fileno=fd) as connection:
            run_and_exit(lambda: serve_batches(connection, loaded), log)
    except Exception as error:  # noqa: BLE001 — a model's code raises what it likes
        log.write(f"a worker cannot load the model: {describe_failure(error)}")
        os._exit(1)


def run_and_exit(task: Callable[[], None], log: PodLog) -> None:
    """Run the task and end the process: no finalizers, which belong to the process that was forked."""
    code = 0
    try:
        task()
    except OSError:  # the server is gone
        code = 1
    except BaseException as error:  # noqa: BLE001 — this is the outermost frame
        log.write(f"a worker ended: {type(error).__name__}: {error}"[:1000])
        code = 1
    for stream in log.streams:
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
