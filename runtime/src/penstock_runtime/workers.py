"""The worker processes of a pod, as its server sees them: started, given work, replaced when they end."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

import orjson

from penstock_runtime.batching import Batcher, Job, Outcome
from penstock_runtime.frames import Frame, FrameBuffer
from penstock_runtime.options import Options
from penstock_runtime.prints import Prints
from penstock_runtime.template import Template

MAX_FAILED_STARTS = 3


class Link(asyncio.Protocol):
    """One worker, at the other end of a socket."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self.jobs: Sequence[Job] = ()
        self.is_ready = False
        self._frames = FrameBuffer()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there; the worker may still be starting."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def send(self, jobs: Sequence[Job]) -> None:
        """Predict these."""
        self.jobs = jobs
        asked = [[job.request_id, job.asked.form, job.asked.content_type] for job in jobs]
        frame = Frame({"jobs": asked}, tuple(job.asked.body for job in jobs))
        if self._transport is not None:
            self._transport.write(frame.pack())

    def data_received(self, data: bytes) -> None:
        """The worker is ready, or has answered."""
        for frame in self._frames.feed(data):
            if not self.is_ready:
                self.is_ready = True
                self.workers.started(self)
            else:
                jobs, self.jobs = self.jobs, ()
                outcomes = [Outcome(*pair) for pair in zip(frame.head["statuses"], frame.bodies, strict=True)]
                self.workers.answered(self, jobs, outcomes, frame.head["seconds"])

    def connection_lost(self, exc: Exception | None) -> None:
        """The worker has ended."""
        self._transport = None
        self.workers.ended(self)


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
        self._idle: deque[Link] = deque()
        self._links: set[Link] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._spawned: list[subprocess.Popen[bytes]] = []
        self._failed_starts = 0
        self._has_begun = False

    def begin(self) -> None:
        """Start them, where that was not done."""
        if not self._has_begun:
            self._has_begun = True
            self.prints.say(f"the model is slow, or nobody knows yet: it predicts in {self.options.workers} processes")
            for _ in range(self.options.workers):
                self._start()

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

    def answered(self, link: Link, jobs: Sequence[Job], outcomes: Sequence[Outcome], seconds: float) -> None:
        """A worker has predicted."""
        self._idle.append(link)
        if self.batcher is not None:
            self.batcher.finished(jobs, outcomes, seconds)

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
        self.prints.say(f"a worker ended while it {'predicted' if link.jobs else 'waited'}; another is started")
        self._start()
        if link.jobs and self.batcher is not None:
            self.batcher.lost(link.jobs)

    def _rest(self, link: Link) -> None:
        self._idle.append(link)
        if self.batcher is not None:
            self.batcher.wake()

    def _start(self) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(), name="start a worker")
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _connect(self) -> None:
        near, far = socket.socketpair()
        with far:
            self._launch(far)
        link = Link(self)
        self._links.add(link)
        await asyncio.get_running_loop().create_unix_connection(lambda: link, sock=near)

    def _launch(self, far: socket.socket) -> None:
        if self.template is not None:
            try:
                self.template.start(far)
            except OSError:
                self.prints.say("the template of the workers is gone; they load the model themselves from now on")
                self.template = None
        if self.template is None:
            self._spawned = [process for process in self._spawned if process.poll() is None]
            self._spawned.append(spawn(self.options, far))


def spawn(options: Options, far: socket.socket) -> subprocess.Popen[bytes]:
    """Start a worker that loads the model itself and serves on `far`."""
    said = orjson.dumps(dataclasses.asdict(options)).decode()
    command = [sys.executable, "-m", "penstock_runtime.worker", str(far.fileno()), said, str(os.getpid())]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(far.fileno(),))  # noqa: S603 — our own module
