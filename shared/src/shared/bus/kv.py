"""Key-value buckets: the last value of each key, listed in one pass.

A watch may stay stale for half a minute after a server restart (measured), so it is never relied on: readers compare
`last_sequence()`, which costs one small request, and list again when it has moved.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError, NotFoundError
from nats.js.kv import KeyValue

from shared.bus.nats_errors import NATS_ERRORS
from shared.cancellation import propagate_cancellation
from shared.errors import Unavailable, describe_error

LIST_TIMEOUT_S = 10.0
_GONE = ("DEL", "PURGE")


@dataclass(frozen=True, slots=True)
class Listing:
    """A bucket's keys and values, and the number of its last change that they have in them; 0 where there is none."""

    values: dict[str, bytes]
    sequence: int


class Bucket:
    """One bucket. Everything raises `Unavailable` while the bus is away."""

    def __init__(self, js: JetStreamContext, name: str) -> None:
        self.js = js
        self.name = name
        self._bucket: KeyValue | None = None

    async def get(self, key: str) -> bytes | None:
        """The value of `key`; None when there is none."""
        async with self._opened() as bucket:
            try:
                return (await bucket.get(key)).value
            except KeyNotFoundError:
                return None

    async def put(self, key: str, value: bytes) -> int:
        """Set `key`; returns the bucket's revision after it. Repeating it is harmless."""
        async with self._opened() as bucket:
            return await bucket.put(key, value)

    async def delete(self, key: str) -> None:
        """Remove `key`, if it is there."""
        async with self._opened() as bucket:
            await bucket.delete(key)

    async def last_sequence(self, keys: str | None = None) -> int:
        """Number of the bucket's last change; of that of some `keys` (`endpoints.>`) alone, 0 where there is none.

        A lower one than before: the bucket was made anew.
        """
        stream = f"KV_{self.name}"
        async with self._opened():
            if keys is None:
                return (await self.js.stream_info(stream)).state.last_seq
            try:
                return (await self.js.get_last_msg(stream, f"$KV.{self.name}.{keys}")).seq or 0
            except NotFoundError:
                return 0

    async def list_all(self) -> dict[str, bytes]:
        """Every key and its value, in one pass over the bucket's last values.

        Of a bucket on several servers it is any one's word, which may be a moment behind: see `listing`.
        """
        return (await self.listing()).values

    async def listing(self) -> Listing:
        """Every key and its value, and how far they go."""
        async with self._opened() as bucket, asyncio.timeout(LIST_TIMEOUT_S):
            watcher = await bucket.watchall(inactive_threshold=30)
            found: dict[str, bytes] = {}
            sequence = 0
            try:
                while True:
                    with propagate_cancellation():
                        entry = await watcher.updates(timeout=LIST_TIMEOUT_S)  # type: ignore[no-untyped-call]
                    if entry is None:
                        # nats-py says "the end" too early where all was pushed before it looked (2.16).
                        if (await self.js.stream_info(f"KV_{self.name}")).state.messages == 0:
                            break
                        continue
                    sequence = max(sequence, entry.revision or 0)
                    if entry.operation in _GONE:
                        found.pop(entry.key, None)
                    else:
                        found[entry.key] = entry.value or b""
                    if entry.delta == 0:
                        break
            finally:
                await watcher.stop()  # type: ignore[no-untyped-call]
            return Listing(found, sequence)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[KeyValue]:
        if not self.js._nc.is_connected:
            raise Unavailable("the bus is away", retry_after_s=1)
        try:
            if self._bucket is None:
                self._bucket = await self.js.key_value(self.name)
            yield self._bucket
        except NATS_ERRORS as error:
            raise Unavailable(f"bucket {self.name}: {describe_error(error)}", retry_after_s=1) from error
