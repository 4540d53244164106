"""Messages that could not be processed: kept with the reason, listed, replayed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from shared.bus.envelope import MSG_ID
from shared.bus.topology import DEAD, DEAD_PREFIX
from shared.errors import NotFound, Unavailable

_MARK = "penstock-dead-"
PUBLISH_TIMEOUT_S = 5.0


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


async def dead_letter(js: JetStreamContext, consumer: str, message: Msg, reason: str) -> None:
    """Store `message` in `DEAD` with the reason; returns when the server has stored it. Repeats are stored once."""
    metadata = message.metadata
    origin = f"{metadata.stream}-{metadata.sequence.stream}"
    await dead_letter_raw(
        js,
        consumer,
        subject=message.subject,
        headers=message.headers or {},
        body=message.data,
        reason=reason,
        origin=origin,
    )


async def dead_letter_raw(
    js: JetStreamContext, consumer: str, *, subject: str, headers: dict[str, str], body: bytes, reason: str, origin: str
) -> None:
    """The same for a message that was read without a subscription. `origin` names it, for the sake of repeats."""
    marks = {
        f"{_MARK}subject": subject,
        f"{_MARK}reason": " ".join(reason.split())[:1000],
        MSG_ID: f"dead-{consumer}-{origin}",
    }
    await js.publish(
        f"{DEAD_PREFIX}.{consumer}", body, stream=DEAD, timeout=PUBLISH_TIMEOUT_S, headers=_carried(headers) | marks
    )


def _carried(headers: dict[str, str]) -> dict[str, str]:
    """Headers that stay with the message: not what told the server how to store it, nor earlier marks."""
    return {key: value for key, value in headers.items() if not key.startswith(("Nats-", _MARK))}


async def list_letters(js: JetStreamContext, *, after: int = 0, limit: int = 100) -> list[DeadLetter]:
    """Dead letters in order, from the first behind `after`. Raises `Unavailable`."""
    found: list[DeadLetter] = []
    while len(found) < limit:
        letter = await _next(js, after + 1)
        if letter is None:
            break
        found.append(letter)
        after = letter.id
    return found


async def _next(js: JetStreamContext, sequence: int) -> DeadLetter | None:
    """The first dead letter at or behind `sequence`."""
    try:
        return _letter(await js.get_msg(DEAD, sequence, subject=f"{DEAD_PREFIX}.>", next=True))
    except NotFoundError:
        return None
    except (nats.errors.Error, TimeoutError) as error:
        raise Unavailable("the bus does not answer", retry_after_s=1) from error


def _letter(message: RawStreamMsg) -> DeadLetter:
    headers = message.headers or {}
    assert message.seq is not None
    return DeadLetter(
        id=message.seq,
        consumer=(message.subject or "").removeprefix(f"{DEAD_PREFIX}."),
        subject=headers.get(f"{_MARK}subject", ""),
        reason=headers.get(f"{_MARK}reason", ""),
        at=message.time,
        headers=_carried(headers),
        body=message.data or b"",
    )


async def get_letter(js: JetStreamContext, letter_id: int) -> DeadLetter:
    """One dead letter. Raises `NotFound`, `Unavailable`."""
    letter = await _next(js, letter_id)
    if letter is None or letter.id != letter_id:
        raise NotFound(f"no dead letter {letter_id}")
    return letter
