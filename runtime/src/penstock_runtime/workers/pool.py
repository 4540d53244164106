"""The worker processes of a pod, as its server sees them: started, given work, replaced when they end."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, cast

import orjson

from penstock_runtime.batching.batcher import Batcher
from penstock_runtime.batching.batches import JobBatch
from penstock_runtime.messages import EncodedResponse
from penstock_runtime.options import ServerOptions
from penstock_runtime.pod_log import PodLog, join_ids
from penstock_runtime.report import RuntimeReport
from penstock_runtime.sharing.plans import BatchReport, ComparisonFinding
from penstock_runtime.workers.exits import ProcessExit
from penstock_runtime.workers.frames import Frame, FrameBuffer
from penstock_runtime.workers.template import WorkerTemplate

MAX_FAILED_STARTS = 3
EXIT_REPORT_SECONDS = 1.0
"""How long a worker's parent may take to say how it ended; its callers wait for that."""
POLL_SECONDS = 0.01


class WorkerConnection(asyncio.Protocol):
    """One worker, at the other end of a socket."""

    def __init__(self, workers: WorkerPool) -> None:
        self.workers = workers
        self.batch: JobBatch | None = None
        self.is_ready = False
        self.pid: int | None = None
        self.process: subprocess.Popen[bytes] | None = None
        """Where it was started, and not forked."""
        self._frames = FrameBuffer()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there; the worker may still be starting."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def send(self, batch: JobBatch) -> None:
        """Predict these."""
        self.batch = batch
        raw = [[job.request_id, job.raw.endpoint, job.raw.content_type] for job in batch.jobs]
        head = {"jobs": raw, "plan": batch.plan.to_dict()}
        frame = Frame(head, tuple(job.raw.body for job in batch.jobs))
        if self._transport is not None:
            self._transport.write(frame.pack())

    def data_received(self, data: bytes) -> None:
        """The worker is ready, or has answered."""
        for frame in self._frames.feed(data):
            if not self.is_ready:
                self.is_ready = True
                self.pid = frame.head["ready"]
                self.workers.worker_ready(self)
            elif (batch := self.batch) is not None:
                self.batch = None
                self.workers.batch_answered(self, batch, _report(frame))

    def connection_lost(self, exc: Exception | None) -> None:
        """The worker has ended."""
        self._transport = None
        self.workers.worker_ended(self)


def _report(frame: Frame) -> BatchReport:
    responses = [EncodedResponse(*pair) for pair in zip(frame.head["statuses"], frame.bodies, strict=True)]
    finding = ComparisonFinding.from_dict(frame.head["finding"])
    return BatchReport(responses, frame.head["seconds"], frame.head["recheck_s"], finding)


class WorkerPool:
    """`options.workers` processes, started when the model turns out to be slow."""

    def __init__(
        self, options: ServerOptions, template: WorkerTemplate | None, log: PodLog, on_failure: Callable[[], None]
    ) -> None:
        self.options = options
        self.template = template
        self.log = log
        self.on_failure = on_failure
        self.is_usable = False
        self.usable = asyncio.Event()
        self.batcher: Batcher | None = None
        self.report: RuntimeReport | None = None
        self._idle: deque[WorkerConnection] = deque()
        self._workers: set[WorkerConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed_starts = 0
        self._is_started = False
        self._exits: dict[int, ProcessExit] = {}
        self._has_exits = asyncio.Event()
        if template is not None:
            asyncio.get_running_loop().add_reader(template.control, self._read_exits, template)

    def start_workers(self) -> None:
        """Start them, where that was not done."""
        if not self._is_started:
            self._is_started = True
            self.log.write(f"the model is slow, or was not timed yet: it predicts in {self.options.workers} processes")
            for _ in range(self.options.workers):
                self._start_task(self._connect(), "start a worker")

    def idle_worker(self) -> WorkerConnection | None:
        """A worker that has nothing to do."""
        self.start_workers()
        return self._idle.popleft() if self._idle else None

    def return_worker(self, worker: object) -> None:
        """A worker that was taken, and not used."""
        self._idle.append(cast(WorkerConnection, worker))

    def worker_ready(self, worker: WorkerConnection) -> None:
        """A worker has the model."""
        self._failed_starts = 0
        self.is_usable = True
        self.usable.set()
        self._set_idle(worker)

    def batch_answered(self, worker: WorkerConnection, batch: JobBatch, report: BatchReport) -> None:
        """A worker has predicted."""
        self._idle.append(worker)
        if self.batcher is not None:
            self.batcher.batch_finished(batch, report)

    def worker_ended(self, worker: WorkerConnection) -> None:
        """A worker is gone: another takes its place, and its batch is tried once more."""
        self._workers.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        if not worker.is_ready:
            self._failed_starts += 1
        if self._failed_starts >= MAX_FAILED_STARTS:
            self.log.write(f"{MAX_FAILED_STARTS} workers in a row ended before they had the model")
            self.on_failure()
            return
        self._start_task(self._connect(), "start a worker")
        self._start_task(self._report_exit(worker), "account for a worker that ended")

    async def _report_exit(self, worker: WorkerConnection) -> None:
        """Say how it ended, and have its batch tried once more."""
        process_exit = await self._exit_of(worker)
        how = process_exit.describe() if process_exit is not None else "exit status unknown"
        jobs = worker.batch.jobs if worker.batch is not None else ()
        while_doing = (
            "while it predicted" if jobs else "while it waited" if worker.is_ready else "before it had the model"
        )
        message = f"a worker ended {while_doing}: {how}; another is started"
        ids = [job.request_id for job in jobs]
        self.log.write(message, join_ids(ids))
        if self.report is not None:
            self.report.worker_died(how, f"{message}; requests: {join_ids(ids)}" if ids else message)
        if jobs and self.batcher is not None:
            self.batcher.worker_lost(jobs, how)

    async def _exit_of(self, worker: WorkerConnection) -> ProcessExit | None:
        """How it ended; None where that is not reported in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EXIT_REPORT_SECONDS):
                if worker.process is not None:
                    while (code := worker.process.poll()) is None:  # noqa: ASYNC110 — nothing tells of it
                        await asyncio.sleep(POLL_SECONDS)
                    return ProcessExit(worker.process.pid, code)
                while worker.pid is not None and worker.pid not in self._exits and self.template is not None:
                    self._has_exits.clear()
                    await self._has_exits.wait()
        return self._exits.pop(worker.pid, None) if worker.pid is not None else None

    def _read_exits(self, template: WorkerTemplate) -> None:
        exits = template.exits.read()
        if exits is None:
            asyncio.get_running_loop().remove_reader(template.control)
        self._exits |= {process_exit.pid: process_exit for process_exit in exits or ()}
        self._has_exits.set()

    def _set_idle(self, worker: WorkerConnection) -> None:
        self._idle.append(worker)
        if self.batcher is not None:
            self.batcher.wake()

    def _start_task(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        near, far = socket.socketpair()
        worker = WorkerConnection(self)
        with far:
            worker.process = self._launch(far)
        self._workers.add(worker)
        await asyncio.get_running_loop().create_unix_connection(lambda: worker, sock=near)

    def _launch(self, far: socket.socket) -> subprocess.Popen[bytes] | None:
        """Fork it from the template; where there is none, the process that was started."""
        if self.template is not None:
            try:
                self.template.start(far)
            except OSError:
                self.log.write("the template of the workers is gone; they load the model themselves from now on")
                self.template = None
            else:
                return None
        return spawn_worker(self.options, far)


def spawn_worker(options: ServerOptions, far: socket.socket) -> subprocess.Popen[bytes]:
    """Start a worker that loads the model itself and serves on `far`."""
    said = orjson.dumps(dataclasses.asdict(options)).decode()
    command = [sys.executable, "-m", "penstock_runtime.workers.process", str(far.fileno()), said, str(os.getpid())]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(far.fileno(),))  # noqa: S603 — our own module
