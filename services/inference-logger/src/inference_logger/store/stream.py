"""The stream `REQUESTS`: one service's messages behind a position, and whether it is still the stream that was read."""

from __future__ import annotations

from collections.abc import Mapping

import nats.errors
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from inference_logger.domain.records import UnreadableMessage, read_message
from inference_logger.domain.streams import Checkpoint, stream_mismatch
from inference_logger.domain.tables import ReceivedMessage
from inference_logger.store import positions
from shared.bus.bulk import StreamIdentity
from shared.bus.topology import REQUESTS
from shared.database import Database
from shared.errors import Unavailable, describe_error
from shared.events.request import REQUESTS_SUBJECT, RETRY_HEADER

REQUESTS_SUBJECTS = f"{REQUESTS_SUBJECT}.>"
MESSAGES = 500
BYTES = 8 * 1024 * 1024
"""Of one piece: it is decoded and written while the other tables wait."""


def subject_of(service: str) -> str:
    """Where a service's requests are published."""
    return f"{REQUESTS_SUBJECT}.{service}"


async def find_message_from(js: JetStreamContext, sequence: int, subject: str = REQUESTS_SUBJECTS) -> RawStreamMsg:
    """The first message at or behind `sequence`; raises `NotFoundError`."""
    return await js.get_msg(REQUESTS, max(1, sequence), subject=subject, next=True)


async def read_service(
    js: JetStreamContext, service: str, after: int, checkpoint: Checkpoint
) -> tuple[list[ReceivedMessage], int]:
    """The next messages of a service behind `after` and up to the checkpoint; and the position that they reach.

    What cannot be read is left out: whoever read the stream first has put it into the dead letters.
    """
    found: list[ReceivedMessage] = []
    size = count = 0
    while after < checkpoint.sequence and count < MESSAGES and size < BYTES:
        message = await _next(js, service, after)
        if message is None or message.seq is None or message.seq > checkpoint.sequence:
            return found, checkpoint.sequence
        after, size, count = message.seq, size + len(message.data or b""), count + 1
        if received := _received(message, service, checkpoint):
            found.append(received)
    return found, after


async def _next(js: JetStreamContext, service: str, after: int) -> RawStreamMsg | None:
    try:
        return await find_message_from(js, after + 1, subject_of(service))
    except NotFoundError:
        return None
    except (nats.errors.Error, JetStreamError, TimeoutError) as error:
        raise Unavailable(f"stream {REQUESTS}: {describe_error(error)}") from error


def _received(message: RawStreamMsg, service: str, checkpoint: Checkpoint) -> ReceivedMessage | None:
    assert message.seq is not None
    assert message.time is not None
    body = message.data or b""
    try:
        records = read_message(body, service)
    except UnreadableMessage:
        return None
    return ReceivedMessage(
        message.seq, records, is_retry(message.headers) or checkpoint.is_doubtful(message.time), len(body)
    )


def is_retry(headers: Mapping[str, str] | None) -> bool:
    """Whether its sender says that it may have been stored before."""
    return RETRY_HEADER in (headers or {})


async def find_checkpoint(
    database: Database, js: JetStreamContext, stream: StreamIdentity
) -> tuple[Checkpoint | None, str | None]:
    """Up to where the stream was read, and why it is not that stream any more (None: it is)."""
    async with database.read() as session:
        found = await positions.read_checkpoint(session, checkpoint_name(stream))
    if found is None or found.sequence == 0:
        return found, None
    try:
        message = await js.get_msg(REQUESTS, found.sequence)
    except NotFoundError:
        return found, stream_mismatch(found, stream.last_seq, None)
    except (nats.errors.Error, JetStreamError, TimeoutError) as error:
        raise Unavailable(f"stream {REQUESTS}: {describe_error(error)}") from error
    return found, stream_mismatch(found, stream.last_seq, message.time)


def checkpoint_name(stream: StreamIdentity) -> str:
    """What a stream's checkpoint is called: its name, and when it was made."""
    return f"{stream.name}:{stream.created.isoformat()}"
