"""The bus and the disk as the router's loops see them; their exceptions end here as `Unavailable`."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nats.js.errors import NotFoundError

from shared.bus import Bus
from shared.bus.nats_errors import NATS_ERRORS
from shared.contracts.routes import ROUTES_BUCKET
from shared.errors import Unavailable, describe_error
from shared.filesystem.files import set_aside

logger = logging.getLogger(__name__)

STREAM = f"KV_{ROUTES_BUCKET}"
PREFIX = f"$KV.{ROUTES_BUCKET}."


class ReconnectingBus:
    """The current connection to the bus. One that cannot be repaired is replaced by a new one."""

    def __init__(self, make: Callable[[], Bus]) -> None:
        self._make = make
        self.bus = make()

    @property
    def is_connected(self) -> bool:
        """Whether the server is reachable now."""
        return self.bus.is_connected

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        while True:
            try:
                await self.bus.run()
            except* Unavailable as lost:
                logger.warning("a new connection to NATS: %s", lost.exceptions[0])
            self.bus = self._make()
            await asyncio.sleep(0.5)


@dataclass(frozen=True, slots=True)
class BucketState:
    """Which bucket it is, and how far it has come."""

    created: str
    last_sequence: int


@dataclass(frozen=True, slots=True)
class BucketMessage:
    """One message of the bucket."""

    sequence: int
    key: str
    value: bytes | None


class RoutesBucket:
    """Reads the bucket `routes`; every method raises `Unavailable` while it cannot be read."""

    def __init__(self, holder: ReconnectingBus) -> None:
        self._holder = holder

    async def state(self) -> BucketState:
        """Where the bucket is now."""
        with _bus_errors_as_unavailable():
            info = await self._holder.bus.js.stream_info(STREAM)
            return BucketState(str(info.created), info.state.last_seq)

    async def list_all(self, until: int) -> dict[str, bytes]:
        """Every key and its value, as of `until` or later.

        Of a bucket that several servers keep any of them may make the listing, also one that is behind the leader: a
        route that has just come would be missing. What it lacks is asked of the leader.
        """
        with _bus_errors_as_unavailable():
            listing = await self._holder.bus.kv(ROUTES_BUCKET).listing()
        values = dict(listing.values)
        async for message in self.since(listing.sequence, until):
            if message.value is None:
                values.pop(message.key, None)
            else:
                values[message.key] = message.value
        return values

    async def since(self, sequence: int, until: int) -> AsyncIterator[BucketMessage]:
        """Every message that is still there after `sequence`, up to `until`: the last value of what has changed."""
        while sequence < until:
            with _bus_errors_as_unavailable():
                try:
                    found = await self._holder.bus.js.get_msg(STREAM, seq=sequence + 1, subject=f"{PREFIX}>", next=True)
                except NotFoundError:
                    return
            assert found.seq is not None
            assert found.subject is not None
            sequence = found.seq
            operation = (found.headers or {}).get("KV-Operation")
            value = None if operation in ("DEL", "PURGE") else found.data or b""
            yield BucketMessage(sequence, found.subject.removeprefix(PREFIX), value)


async def publish(
    holder: ReconnectingBus,
    subject: str,
    payload: bytes,
    *,
    message_id: str,
    stream: str,
    headers: dict[str, str] | None = None,
) -> None:
    """Returns once the stream has stored it; `Unavailable` means that it may or may not have."""
    with _bus_errors_as_unavailable():
        async with asyncio.timeout(6):
            await holder.bus.publish_bulk(subject, payload, msg_id=message_id, stream=stream, headers=headers)


class SnapshotFile:
    """A file that is replaced as a whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes | None:
        """Its content; None where there is none, or none that can be read."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("%s cannot be read: %s", self.path, error.strerror)
            return None

    def write(self, content: bytes) -> None:
        """Replace it; on disk when this returns. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.path.with_suffix(".new")
        try:
            fresh.touch(mode=0o600)  # it has the pods' tokens
            with fresh.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if self.path.is_dir():
                set_aside(self.path, "it is a folder")
            fresh.replace(self.path)
        except OSError:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise


@contextmanager
def _bus_errors_as_unavailable() -> Iterator[None]:
    try:
        yield
    except NATS_ERRORS as error:
        raise Unavailable(f"the bus: {describe_error(error)}") from error
