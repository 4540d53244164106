"""Identifiers: UUIDv7, so that ids sort by creation time."""

from __future__ import annotations

from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562) as the standard library's type."""
    return UUID(int=uuid_utils.uuid7().int)
