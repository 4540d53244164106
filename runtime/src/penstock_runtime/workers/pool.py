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
from penstock_runtime.batching.batches import Batch
from penstock_runtime.messages import Outcome
from penstock_runtime.options import Options
from penstock_runtime.pod_log import Prints, ids_of
from penstock_runtime.report import PodReport
from penstock_runtime.sharing.plans import Finding, Report
from penstock_runtime.workers.exits import Ending
from penstock_runtime.workers.frames import Frame, FrameBuffer
from penstock_runtime.workers.template import Template

MAX_FAILED_STARTS = 3
ENDING_SECONDS = 1.0
"""How long a worker's parent may take to say how it ended; its callers wait for that."""
POLL_SECONDS = 0.01


class Link(asyncio.Protocol):
    """One worker, at the other end of a socket."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self.batch: Batch | None = None
        self.is_ready = False
        self.pid: int | None = None
        self.process: subprocess.Popen[bytes] | None = None
        """Where it was started, and not forked."""
        self._frames = FrameBuffer()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there; the worker may still be starting."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def send(self, batch: Batch) -> None:
        """Predict these."""
        self.batch = batch
        asked = [[job.request_id, job.asked.form, job.asked.content_type] for job in batch.jobs]
        head = {"jobs": asked, "plan": batch.plan.packed()}
        frame = Frame(head, tuple(job.asked.body for job in batch.jobs))
        if self._transport is not None:
            self._transport.write(frame.pack())

    def data_received(self, data: bytes) -> None:
        """The worker is ready, or has answered."""
        for frame in self._frames.feed(data):
            if not self.is_ready:
                self.is_ready = True
                self.pid = frame.head["ready"]
                self.workers.started(self)
            elif (batch := self.batch) is not None:
                self.batch = None
                self.workers.answered(self, batch, _report(frame))

    def connection_lost(self, exc: Exception | None) -> None:
        """The worker has ended."""
        self._transport = None
        self.workers.ended(self)


def _report(frame: Frame) -> Report:
    outcomes = [Outcome(*pair) for pair in zip(frame.head["statuses"], frame.bodies, strict=True)]
    finding = Finding.unpacked(frame.head["finding"])
    return Report(outcomes, frame.head["seconds"], frame.head["reasking_s"], finding)


class Workers:
    """As many as were asked for, from the moment that the model turns out to be slow."""

    def __init__(
        self, options: Options, template: Template | None, prints: Prints, on_failure: Callable[[], None]
    ) -> None:
        self.options = options
        self.template = template
        self.prints = prints
        self.on_failure = on_failure
        self.is_usable = False
        self.usable = asyncio.Event()
        self.batcher: Batcher | None = None
        self.report: PodReport | None = None
        self._idle: deque[Link] = deque()
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed_starts = 0
        self._has_begun = False
        self._endings: dict[int, Ending] = {}
        self._has_news = asyncio.Event()
        if template is not None:
            asyncio.get_running_loop().add_reader(template.control, self._read_endings, template)

    def begin(self) -> None:
        """Start them, where that was not done."""
        if not self._has_begun:
            self._has_begun = True
            self.prints.say(f"the model is slow, or nobody knows yet: it predicts in {self.options.workers} processes")
            for _ in range(self.options.workers):
                self._run(self._connect(), "start a worker")

    def take(self) -> Link | None:
        """A worker that has nothing to do."""
        self.begin()
        return self._idle.popleft() if self._idle else None

    def give_back(self, worker: object) -> None:
        """A worker that was taken, and not used."""
        self._idle.append(cast(Link, worker))

    def started(self, link: Link) -> None:
        """A worker has the model."""
        self._failed_starts = 0
        self.is_usable = True
        self.usable.set()
        self._rest(link)

    def answered(self, link: Link, batch: Batch, report: Report) -> None:
        """A worker has predicted."""
        self._idle.append(link)
        if self.batcher is not None:
            self.batcher.finished(batch, report)

    def ended(self, link: Link) -> None:
        """A worker is gone: another takes its place, and its batch is tried once more."""
        self._links.discard(link)
        if link in self._idle:
            self._idle.remove(link)
        if not link.is_ready:
            self._failed_starts += 1
        if self._failed_starts >= MAX_FAILED_STARTS:
            self.prints.say(f"{MAX_FAILED_STARTS} workers in a row ended before they had the model")
            self.on_failure()
            return
        self._run(self._connect(), "start a worker")
        self._run(self._account(link), "account for a worker that ended")

    async def _account(self, link: Link) -> None:
        """Say how it ended, and have its batch tried once more."""
        ending = await self._ending_of(link)
        how = ending.describe() if ending is not None else "exit status unknown"
        jobs = link.batch.jobs if link.batch is not None else ()
        while_doing = (
            "while it predicted" if jobs else "while it waited" if link.is_ready else "before it had the model"
        )
        message = f"a worker ended {while_doing}: {how}; another is started"
        ids = [job.request_id for job in jobs]
        self.prints.say(message, ids_of(ids))
        if self.report is not None:
            self.report.worker_died(how, f"{message}; requests: {ids_of(ids)}" if ids else message)
        if jobs and self.batcher is not None:
            self.batcher.lost(jobs, how)

    async def _ending_of(self, link: Link) -> Ending | None:
        """How it ended; None where nobody says it in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDING_SECONDS):
                if link.process is not None:
                    while (code := link.process.poll()) is None:  # noqa: ASYNC110 — nothing tells of it
                        await asyncio.sleep(POLL_SECONDS)
                    return Ending(link.process.pid, code)
                while link.pid is not None and link.pid not in self._endings and self.template is not None:
                    self._has_news.clear()
                    await self._has_news.wait()
        return self._endings.pop(link.pid, None) if link.pid is not None else None

    def _read_endings(self, template: Template) -> None:
        endings = template.endings.read()
        if endings is None:
            asyncio.get_running_loop().remove_reader(template.control)
        self._endings |= {ending.pid: ending for ending in endings or ()}
        self._has_news.set()

    def _rest(self, link: Link) -> None:
        self._idle.append(link)
        if self.batcher is not None:
            self.batcher.wake()

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        near, far = socket.socketpair()
        link = Link(self)
        with far:
            link.process = self._launch(far)
        self._links.add(link)
        await asyncio.get_running_loop().create_unix_connection(lambda: link, sock=near)

    def _launch(self, far: socket.socket) -> subprocess.Popen[bytes] | None:
        """Fork it from the template; where there is none, the process that was started."""
        if self.template is not None:
            try:
                self.template.start(far)
            except OSError:
                self.prints.say("the template of the workers is gone; they load the model themselves from now on")
                self.template = None
            else:
                return None
        return spawn(self.options, far)


def spawn(options: Options, far: socket.socket) -> subprocess.Popen[bytes]:
    """Start a worker that loads the model itself and serves on `far`."""
    said = orjson.dumps(dataclasses.asdict(options)).decode()
    command = [sys.executable, "-m", "penstock_runtime.workers.process", str(far.fileno()), said, str(os.getpid())]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(far.fileno(),))  # noqa: S603 — our own module
