"""Messages that could not be processed: kept with the reason, listed, fetched for another try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from shared.bus.envelope import MSG_ID
from shared.bus.topology import DEAD
from shared.errors import NotFound

_PREFIX = "penstock-dead-"


@dataclass(frozen=True)
class DeadLetter:
    """One message that was given up on. `id` is its place in the stream."""

    id: int
    consumer: str
    subject: str
    reason: str
    at: datetime | None
    headers: dict[str, str]
    body: bytes


async def bury(js: JetStreamContext, consumer: str, message: Msg, reason: str) -> None:
    """Store `message` in `DEAD` with the reason; returns when the server has stored it. Repeats are stored once."""
    await bury_raw(js, consumer, message.subject, message.headers or {}, message.data, reason, origin=_origin(message))


async def bury_raw(  # noqa: PLR0917 - a message's parts, in their usual order
    js: JetStreamContext,
    consumer: str,
    subject: str,
    headers: dict[str, str],
    body: bytes,
    reason: str,
    *,
    origin: str,
) -> None:
    """The same for a message that was read without a subscription. `origin` names it, for the sake of repeats."""
    kept = {key: value for key, value in headers.items() if key != MSG_ID and not key.startswith(_PREFIX)}
    marks = {
        f"{_PREFIX}subject": subject,
        f"{_PREFIX}reason": " ".join(reason.split())[:1000],
        f"{_PREFIX}msg-id": headers.get(MSG_ID, ""),
        MSG_ID: f"dead-{consumer}-{origin}",
    }
    await js.publish(f"penstock.dead.v1.{consumer}", body, stream=DEAD, timeout=5, headers=kept | marks)


def _origin(message: Msg) -> str:
    metadata = message.metadata
    return f"{metadata.stream}-{metadata.sequence.stream}"


async def listed(js: JetStreamContext, *, after: int = 0, limit: int = 100) -> list[DeadLetter]:
    """Dead letters in order, from the first behind `after`."""
    state = (await js.stream_info(DEAD)).state
    found: list[DeadLetter] = []
    sequence = max(after + 1, state.first_seq)
    while sequence <= state.last_seq and len(found) < limit:
        letter = await _at(js, sequence)
        if letter is not None:
            found.append(letter)
        sequence += 1
    return found


async def _at(js: JetStreamContext, sequence: int) -> DeadLetter | None:
    try:
        message = await js.get_msg(DEAD, sequence)
    except NotFoundError:
        return None
    return _letter(message, sequence)


def _letter(message: RawStreamMsg, sequence: int) -> DeadLetter:
    headers = message.headers or {}
    return DeadLetter(
        id=sequence,
        consumer=(message.subject or "").removeprefix("penstock.dead.v1."),
        subject=headers.get(f"{_PREFIX}subject", ""),
        reason=headers.get(f"{_PREFIX}reason", ""),
        at=getattr(message, "time", None),
        headers={key: value for key, value in headers.items() if not key.startswith(_PREFIX) and key != MSG_ID},
        body=message.data or b"",
    )


async def fetch(js: JetStreamContext, letter_id: int) -> DeadLetter:
    """One dead letter; raises `NotFound`."""
    letter = await _at(js, letter_id)
    if letter is None:
        raise NotFound(f"no dead letter {letter_id}")
    return letter
