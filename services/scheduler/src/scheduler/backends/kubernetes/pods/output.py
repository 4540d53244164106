"""What pods print, read from `pods/log` by streams that are opened again wherever they end.

A position is a run and a time: microseconds since 1970, made larger by one where two lines have the same. A stream that
begins anew asks for the second before its last line's, numbers as before, and leaves out what it has handed on: so no
line is lost or doubled over rotation, a server's restart or this scheduler's. The kubelet keeps the run before the last
one, and of a pod that is gone nothing: what was read of it stays here for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from scheduler.backends.kubernetes.api.client import KubernetesApi
from scheduler.backends.kubernetes.api.errors import ApiError, Silent
from scheduler.backends.kubernetes.facts.pods import PodFacts
from scheduler.backends.kubernetes.facts.times import micros_of, moment, written
from scheduler.backends.kubernetes.manifests.names import MAIN, PREPARE, pods_path
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.domain.values import LogPosition, OutputLine
from shared.clock import Clock
from shared.errors import NotFound

log = logging.getLogger("penstock.scheduler.kubernetes")

LONGEST_LINE = 16 * 1024
"""Characters; a longer line is handed on in pieces of this size."""
MAX_BUFFERED = 1024 * 1024
"""Characters of a pod that nobody has taken yet; beyond them its stream is not read."""
SILENCE_S = 120.0
"""After this without a line a stream is opened again: a pod may print nothing for hours, and others may wait."""
BEFORE_US = 1_000_000
"""How much earlier than its place a stream begins: a number that was made larger may be in the second after."""
POLL_S = 0.3
RETRY_S, LONGEST_PAUSE_S = 2.0, 60.0
"""After a refusal, and the longest: a log that cannot be had, or followed, cannot be for a while, and every pod of a
node that is away, or has no inotify watch left, would ask for its own again and again."""
LOOK_S = 5.0
"""Within which a pod that waits so long is seen to have changed."""
OPENED_A_SECOND = 50
"""Streams of all pods together. Each is a connection of its own with a handshake: a scheduler that starts would do
hundreds of those before it told routers of a pod that went meanwhile."""
TURN_S = 20.0
"""How long a stream is kept open while others wait for their turn."""


@dataclass(frozen=True)
class Segment:
    """The log of one container's run."""

    container: str
    run: int
    is_previous: bool = False
    is_on: bool = True
    """Whether it may still grow."""


class PodStream:
    """The output of one pod from a position on."""

    def __init__(self, name: str, since: LogPosition, outputs: PodOutputs) -> None:
        self.name = name
        self.begun_at = since
        self.ended_at: float | None = None
        self.lines: deque[OutputLine] = deque()
        self._next = since
        self._buffered = 0
        self._room = asyncio.Event()
        self._outputs = outputs
        self._read: set[tuple[str, int]] = set()
        """Segments that are over, and read to their end."""

    def take_from(self, since: LogPosition) -> list[OutputLine]:
        """Lines from `since` on; those before it have been taken for good."""
        while self.lines and self.lines[0].position < since:
            self._buffered -= len(self.lines.popleft().text)
        self._room.set()
        return list(self.lines)

    @property
    def first(self) -> LogPosition:
        """The oldest position that can be read here."""
        return self.lines[0].position if self.lines else self._next

    async def run(self) -> None:
        """Read until the pod is gone."""
        vain, facts = 0, None
        while (pod := self._outputs.observer.pods.get(self.name)) is not None:
            if pod.facts != facts:  # it has changed: what could not be read before may be there now
                vain, facts = 0, pod.facts
            segment = self._segment(pod.facts)
            if segment is None:
                await self._outputs.clock.sleep(POLL_S)
                continue
            is_news, pause_s = await self._try(segment)
            vain = 0 if is_news else vain + 1
            await self._wait(pod.facts, min(LONGEST_PAUSE_S, pause_s * 2.0 ** min(max(0, vain - 1), 10)))
        self.ended_at = self._outputs.clock.monotonic()

    async def _try(self, segment: Segment) -> tuple[bool, float]:
        """Read a log for as long as it goes; whether anything came of it, and how long to wait before the next try."""
        before = self._next
        try:
            async with self._outputs.turns:
                await self._outputs.pace()
                has_had_its_turn = await self._read_segment(segment)
        except Silent:
            return True, 0.0
        except ApiError as error:
            log.debug("output of %s: %s", self.name, error.message)
            return False, RETRY_S
        return has_had_its_turn or not segment.is_on or self._next != before, POLL_S

    async def _wait(self, facts: PodFacts, seconds: float) -> None:
        """Wait so long, and no longer than until something is new of the pod."""
        clock, observer = self._outputs.clock, self._outputs.observer
        end = clock.monotonic() + seconds
        while clock.monotonic() < end:
            await clock.sleep(min(LOOK_S, end - clock.monotonic()))
            pod = observer.pods.get(self.name)
            if pod is None or pod.facts != facts:
                return

    def _segment(self, facts: PodFacts) -> Segment | None:
        """The next log to read: of the oldest run that is kept and was not read to its end."""
        return next(
            (
                each
                for each in segments_of(facts)
                if each.run >= self._next.run and (each.container, each.run) not in self._read
            ),
            None,
        )

    async def _read_segment(self, segment: Segment) -> bool:
        """Read it; whether it was left because it was others' turn."""
        since = self._next if self._next.run == segment.run else LogPosition(segment.run, 0)
        query = {"container": segment.container, "timestamps": "true"}
        if since.offset:
            query["sinceTime"] = written(moment(since.offset - BEFORE_US))
        if segment.is_previous:
            query["previous"] = "true"
        if segment.is_on:
            query["follow"] = "true"
        self._next = since
        path = f"{pods_path(self._outputs.options.namespace, self.name)}/log"
        silence_s = TURN_S if self._outputs.is_crowded() else SILENCE_S
        async with self._outputs.api.stream(path, silence_s, **query) as lines:
            has_had_its_turn = await self._take(lines, segment, since)
        if not segment.is_on:
            self._read.add((segment.container, segment.run))
        return has_had_its_turn

    async def _take(self, lines: AsyncIterator[bytes], segment: Segment, since: LogPosition) -> bool:
        numbering = LineNumbering(since.offset)
        clock, begun = self._outputs.clock, self._outputs.clock.monotonic()
        async for raw in lines:
            for end, text in numbering.pieces(raw):
                self._append(OutputLine(self._next, end, text, at=moment(end - 1)), segment.run)
            while self._buffered > MAX_BUFFERED:
                self._room.clear()
                await self._room.wait()
            if segment.is_on and self._outputs.is_crowded() and clock.monotonic() - begun > TURN_S:
                return True
        return False

    def _append(self, line: OutputLine, run: int) -> None:
        self.lines.append(line)
        self._buffered += len(line.text)
        self._next = LogPosition(run, line.end)


class LineNumbering:
    """Gives each line of a log its end, from the second before `since` on; leaves out what ends before `since`."""

    def __init__(self, since: int) -> None:
        self._since = since
        self._end = 0

    def pieces(self, raw: bytes) -> list[tuple[int, str]]:
        """The pieces of one line `<time> <text>`, with the end of each."""
        stamp, _, text = raw.decode(errors="replace").rstrip("\r").partition(" ")
        micros = micros_of(stamp)
        if micros is None:  # a line of the kubelet's own, such as that it cannot read the log
            return []
        found = []
        for at in range(0, max(1, len(text)), LONGEST_LINE):
            self._end = max(micros, self._end) + 1
            if self._end > self._since:
                found.append((self._end, text[at : at + LONGEST_LINE]))
        return found


def segments_of(facts: PodFacts) -> list[Segment]:
    """The logs that the kubelet has of a pod, in the order in which they were written."""
    found = []
    first, restarts = facts.first_run, facts.run - facts.first_run
    is_started = bool(facts.runs)
    if facts.is_prepare_started:
        found.append(Segment(PREPARE, first, is_on=not is_started and facts.stage == "preparing"))
    if not is_started:
        return found
    known = {run.number: run for run in facts.runs}
    if restarts > 0:
        found.append(Segment(MAIN, facts.run - 1, is_previous=True, is_on=False))
    if facts.run in known:
        found.append(Segment(MAIN, facts.run, is_on=known[facts.run].ended_at is None))
    return found


class PodOutputs:
    """The output of every pod that is asked for."""

    def __init__(self, api: KubernetesApi, observer: PodObserver, clock: Clock, options: KubernetesOptions) -> None:
        self.api = api
        self.observer = observer
        self.clock = clock
        self.options = options
        self.turns = asyncio.Semaphore(options.log_streams)
        self._streams: dict[str, tuple[PodStream, asyncio.Task[None]]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._next_opening = 0.0

    async def run(self) -> None:
        """Keep the streams until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            while True:
                await self.clock.sleep(5.0)
                self._forget_old()

    def is_crowded(self) -> bool:
        """Whether streams wait for their turn."""
        return self.turns.locked()

    async def pace(self) -> None:
        """Wait until another stream may be opened."""
        now = self.clock.monotonic()
        opening = max(now, self._next_opening)
        self._next_opening = opening + 1 / OPENED_A_SECOND
        if opening > now:
            await self.clock.sleep(opening - now)

    async def read(self, pod: str, since: LogPosition) -> list[OutputLine]:
        """Lines that are here from `since` on. Raises `NotFound`."""
        known = self._streams.get(pod)
        if (
            known is not None
            and known[0].first > since >= LogPosition()
            and self._can_begin_again(pod, known[0], since)
        ):
            await self._drop(pod)
            known = None
        if known is None:
            if pod in self.observer.unmade:
                return []
            if pod not in self.observer.pods:
                raise NotFound(f"there is no pod {pod}")
            known = self._begin(pod, since)
        return [] if known is None else known[0].take_from(since)

    def _can_begin_again(self, pod: str, stream: PodStream, since: LogPosition) -> bool:
        return pod in self.observer.pods and since < stream.begun_at

    def _begin(self, pod: str, since: LogPosition) -> tuple[PodStream, asyncio.Task[None]] | None:
        if self._group is None:
            return None
        stream = PodStream(pod, since, self)
        self._streams[pod] = (stream, self._group.create_task(stream.run(), name=f"output of {pod}"))
        return self._streams[pod]

    async def _drop(self, pod: str) -> None:
        _, task = self._streams.pop(pod)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def _forget_old(self) -> None:
        limit = self.clock.monotonic() - self.options.kept_after_end_s
        for pod, (stream, _) in list(self._streams.items()):
            if stream.ended_at is not None and (stream.ended_at < limit or not stream.lines):
                del self._streams[pod]
