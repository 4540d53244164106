"""Publishes what pods print to `LOGS`, each line at least once; sinks drop repeats by (run, offset)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import groupby

from scheduler.domain.output_sampling import OutputBudget, gap_notice, sample_lines
from scheduler.domain.ports import Backend
from scheduler.domain.values import LogPosition, OutputLine
from scheduler.store import rows
from scheduler.store.lease import Lease
from scheduler.store.tables import LogPositionRow, PodRow
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.metrics.samples import LogLine, PodOutput
from shared.errors import NotFound

MAX_LINES = 500
MAX_BYTES = 256 * 1024
TURN_LINES = 10_000
"""Of one pod, before it is the next one's turn: at most so many are held, and looked at, at once."""
REQUEST_ID = re.compile(r"\[request_id=([^\]\s]{1,128})\] ?")


@dataclass
class OutputPublisher:
    """Sends on what pods print; of a pod that prints more than `rate` lines a second in the long run, a sample."""

    lease: Lease
    backend: Backend
    bus: Bus
    clock: Clock
    rate: float
    count_left_out: Callable[[str, int], None] = lambda service, lines: None
    """Called with the service and the number of lines."""
    _budgets: dict[str, OutputBudget] = field(default_factory=dict)

    async def publish(self) -> None:
        """Publish what is new of every pod. Raises `Temporary` while the bus is away."""
        async with self.lease.database.read() as session:
            positions = await rows.output_positions(session)
        there = {position.pod for position in positions}
        self._budgets = {pod: budget for pod, budget in self._budgets.items() if pod in there}
        for position in positions:
            await self._publish_pod(position)

    async def _publish_pod(self, position: rows.OutputPosition) -> None:
        since = LogPosition(position.run, position.byte_offset)
        try:
            lines = await self._read(position.pod, since)
        except NotFound:
            await _forget(position, self.lease)
            return
        for batch in batch_lines([*gap_notice(since, lines), *self._sampled(position, lines)]):
            first, last = batch[0], batch[-1]
            output = _output(position, batch, self.clock)
            subject = f"penstock.logs.v1.{position.service}.{position.version}.{position.pod}"
            # Its id names both ends: a retry that has grown by newer lines is another message, not the first again.
            msg_id = f"{position.pod}-{first.position.run}-{first.position.offset}-{last.end}"
            await self.bus.publish_bulk(subject, output.model_dump_json().encode(), msg_id=msg_id, stream="LOGS")
            await _advance(position.pod, LogPosition(last.position.run, last.end), self.lease)

    async def _read(self, pod: str, since: LogPosition) -> list[OutputLine]:
        """What is new, at most `TURN_LINES`: the rest is there at the next turn."""
        lines: list[OutputLine] = []
        async with aclosing(self.backend.logs(pod, since)) as found:
            async for line in found:
                lines.append(line)
                if len(lines) == TURN_LINES:
                    break
        return lines

    def _sampled(self, position: rows.OutputPosition, lines: Sequence[OutputLine]) -> list[OutputLine]:
        now = self.clock.monotonic()
        budget = self._budgets.setdefault(position.pod, OutputBudget.full(self.rate, now))
        sample = sample_lines(lines, budget.take(len(lines), now))
        if left_out := len(lines) - len(sample):
            self.count_left_out(position.service, left_out + 1)  # the notice stands for one
        return sample


def batch_lines(lines: Sequence[OutputLine]) -> Iterator[list[OutputLine]]:
    """Consecutive lines of one run, cut at `MAX_LINES` and `MAX_BYTES`."""
    for _, of_run in groupby(lines, key=lambda line: line.position.run):
        batch: list[OutputLine] = []
        size = 0
        for line in of_run:
            length = len(line.text.encode())
            if batch and (len(batch) == MAX_LINES or size + length > MAX_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(line)
            size += length
        yield batch


def _output(position: rows.OutputPosition, batch: Sequence[OutputLine], clock: Clock) -> PodOutput:
    at = clock.now()
    lines = []
    for line in batch:
        request_id, text = split_request_id(line.text)
        lines.append(LogLine(at=line.at or at, offset=line.position.offset, text=text, request_id=request_id))
    return PodOutput(
        service=position.service,
        version=position.version,
        version_id=position.version_id,
        pod=position.pod,
        run=batch[0].position.run,
        lines=tuple(lines),
    )


def split_request_id(text: str) -> tuple[str | None, str]:
    """`[request_id=X] said` → `X`, `said`: the model server marks what a model prints while it answers a request."""
    found = REQUEST_ID.match(text)
    return (found.group(1), text[found.end() :]) if found else (None, text)


async def _advance(pod: str, to: LogPosition, lease: Lease) -> None:
    async with lease.unit_of_work() as session:
        row = await session.get(LogPositionRow, pod)
        if row is not None:
            row.run, row.byte_offset = to.run, to.offset


async def _forget(position: rows.OutputPosition, lease: Lease) -> None:
    """The pod is gone, and its output with it."""
    async with lease.unit_of_work() as session:
        row = await session.get(LogPositionRow, position.pod)
        pod = await session.get(PodRow, position.pod)
        if row is not None and (pod is None or pod.status == "Failed"):
            await session.delete(row)
