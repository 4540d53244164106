"""What every table has is purged from the stream, subject by subject where a table waits; what is unread never is.

The message at the checkpoint itself always stays: the stream is known again by it, see `domain.streams`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from inference_logger.domain.streams import Checkpoint
from inference_logger.domain.waiting import WaitingTable
from inference_logger.store import positions
from inference_logger.store.stream import REQUESTS_SUBJECTS, find_checkpoint, find_message_from, subject_of
from shared.bus.bulk import stream_identity
from shared.bus.topology import REQUESTS
from shared.database import Database

FULL = 0.75
"""Share of the stream's byte cap above which everything committed is purged, however young."""


async def purge_once(database: Database, js: JetStreamContext, now: datetime, kept: timedelta) -> int:
    """Purge what is committed and older than `kept`, or all of it when the stream is filling.

    Returns the position below which the stream holds nothing but what waiting tables lack; 0 when nothing was purged.
    """
    stream = await stream_identity(js, REQUESTS)
    checkpoint, why = await find_checkpoint(database, js, stream)
    if checkpoint is None or why is not None:
        return 0  # the reader has not begun, or has yet to see that the stream was set back
    first = max(1, stream.first_seq)
    before = checkpoint.sequence
    if not await is_filling(js):
        before = await _first_younger(js, first, checkpoint.sequence, now - kept)
    async with database.read() as session:
        waiting = _read_from(await positions.find_waiting_tables(session))
    if not waiting:
        await _purge(js, first, before, None)
    else:
        await _purge_by_subject(js, first, before, waiting)
    return before


async def _purge_by_subject(js: JetStreamContext, first: int, before: int, waiting: Mapping[str, int]) -> None:
    info = await js.stream_info(REQUESTS, subjects_filter=REQUESTS_SUBJECTS)
    for subject in info.state.subjects or {}:
        service = subject.rpartition(".")[2]
        await _purge(js, first, min(before, waiting.get(service, before - 1) + 1), subject)


async def _purge(js: JetStreamContext, first: int, before: int, subject: str | None) -> None:
    if before > first:
        await js.purge_stream(REQUESTS, seq=before, subject=subject)


async def purge_parked(database: Database, js: JetStreamContext, service: str, checkpoint: Checkpoint) -> None:
    """Purge of a service's subject what all of its tables have, or have parked; not what the stream is known by."""
    async with database.read() as session:
        waiting = await positions.find_waiting_tables(session, service)
        of_all = await positions.read_checkpoint(session, checkpoint.stream) or checkpoint
    needed = _read_from(waiting).get(service, 0)
    await _purge(js, 1, min(needed + 1, checkpoint.sequence, of_all.sequence), subject_of(service))


def _read_from(waiting: Mapping[str, WaitingTable]) -> dict[str, int]:
    """Service → the position behind which one of its tables needs the stream."""
    needed: dict[str, int] = {}
    for table in waiting.values():
        service = table.key.service
        needed[service] = min(table.read_from, needed.get(service, table.read_from))
    return needed


async def is_filling(js: JetStreamContext) -> bool:
    """Whether the stream is three quarters full."""
    info = await js.stream_info(REQUESTS)
    cap = info.config.max_bytes or 0
    return cap > 0 and info.state.bytes > FULL * cap


async def _first_younger(js: JetStreamContext, first: int, committed: int, limit: datetime) -> int:
    """By bisection, the first position of first..committed whose message is younger than `limit`."""
    low, high = first, max(first, committed)
    while low < high:
        middle = (low + high) // 2
        try:
            message = await find_message_from(js, middle)
        except NotFoundError:
            return low
        assert message.time is not None
        assert message.seq is not None
        if message.time < limit:
            low = min(message.seq + 1, high)
        else:
            high = middle
    return low
