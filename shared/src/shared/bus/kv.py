"""A KV bucket as last values: plain bytes by key, a listing that is complete, no watches.

A watch may stay silent for half a minute after a server restart, so nobody here relies on one: whoever needs to be
current lists the bucket when its last sequence has moved.
"""

from __future__ import annotations

from nats.js import JetStreamContext
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, NotFoundError
from nats.js.kv import KeyValue

from shared.errors import Unavailable


class Bucket:
    """One bucket. Every method raises NATS' own errors when the bus is away."""

    def __init__(self, js: JetStreamContext, name: str) -> None:
        self.js = js
        self.name = name
        self._kv: KeyValue | None = None

    async def _bucket(self) -> KeyValue:
        if self._kv is None:
            try:
                self._kv = await self.js.key_value(self.name)
            except (BucketNotFoundError, NotFoundError) as error:
                raise Unavailable(f"bucket {self.name} is not there yet") from error
        return self._kv

    async def get(self, key: str) -> bytes | None:
        """The last value; None when there is none."""
        try:
            return (await (await self._bucket()).get(key)).value
        except KeyNotFoundError:
            return None

    async def put(self, key: str, value: bytes) -> int:
        """Set the value; returns the bucket's new sequence."""
        return await (await self._bucket()).put(key, value)

    async def delete(self, key: str) -> None:
        """Remove the key; nothing happens when it is not there."""
        await (await self._bucket()).delete(key)

    async def last_sequence(self) -> int:
        """The sequence of the bucket's last change; grows with each."""
        return (await self.js.stream_info(f"KV_{self.name}")).state.last_seq

    async def list_all(self) -> dict[str, bytes]:
        """Every key and its last value, as of now."""
        watcher = await (await self._bucket()).watchall(ignore_deletes=True)
        found: dict[str, bytes] = {}
        try:
            while (entry := await watcher.updates(timeout=5)) is not None:  # type: ignore[no-untyped-call]
                found[entry.key] = entry.value or b""
        finally:
            await watcher.stop()  # type: ignore[no-untyped-call]
        return found
