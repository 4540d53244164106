"""Results too large for one reply: fetched piece by piece over a subject of their own."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract

CHUNKS_SUBJECT = "penstock.chunks.v1"
"""The service that offers them and a random name follow."""
MAX_CHUNK_BYTES = 1_000_000
"""With its headers it fits what a server of the bus takes that nobody has configured: 1 MiB."""
STATE_HEADER = "penstock-chunk"
"""Header of a reply: `more`, `last`, or `wait` (nothing yet; ask again)."""
ChunkState = Literal["more", "last", "wait"]


class ChunkStream(Contract):
    """Where a result's chunks are asked for; it ends when nobody asks for a while."""

    subject: str


class ChunkRequest(Contract):
    """The next chunk, or the one before again; each request is the credit for one chunk."""

    number: int = Field(default=0, ge=0)
    stop: bool = Field(default=False, description="Nobody wants the rest.")
