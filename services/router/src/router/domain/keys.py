"""API keys at the door: only SHA-256 hashes are known here, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from shared.contracts.routes import KeyEntry

_INDEX_CHARS = 16
MAX_KEY_BYTES = 512


class Door(Enum):
    """Why a key does not open a service."""

    UNKNOWN = "unknown"
    OTHER_SERVICE = "other service"


@dataclass(frozen=True, slots=True)
class _Held:
    sha256: bytes
    service: str
    id: UUID
    expires_at: float | None


@dataclass(slots=True)
class KeyRing:
    """Every key of every service. Keys are found by the first 64 bits of their hash, then compared whole."""

    _index: dict[bytes, tuple[_Held, ...]] = field(default_factory=dict)
    _of_service: dict[str, tuple[_Held, ...]] = field(default_factory=dict)

    def replace(self, service: str, keys: Iterable[KeyEntry]) -> None:
        """These are the service's keys now; what it had before is gone."""
        for held in self._of_service.pop(service, ()):
            self._drop(held)
        fresh = tuple(
            _Held(
                key.sha256.lower().encode("ascii", "replace"),
                service,
                key.id,
                key.expires_at.timestamp() if key.expires_at else None,
            )
            for key in keys
        )
        for held in fresh:
            slot = held.sha256[:_INDEX_CHARS]
            self._index[slot] = (*self._index.get(slot, ()), held)
        if fresh:
            self._of_service[service] = fresh

    def check(self, service: str, digest: bytes, now_s: float) -> UUID | Door:
        """The id of the key with this SHA-256 (hex) if it opens `service` at unix time `now_s`, else why not."""
        verdict: UUID | Door = Door.UNKNOWN
        for held in self._index.get(digest[:_INDEX_CHARS], ()):
            if not hmac.compare_digest(held.sha256, digest) or _has_expired(held, now_s):
                continue
            if held.service == service:
                return held.id
            verdict = Door.OTHER_SERVICE
        return verdict

    def _drop(self, held: _Held) -> None:
        slot = held.sha256[:_INDEX_CHARS]
        left = tuple(other for other in self._index.get(slot, ()) if other is not held)
        if left:
            self._index[slot] = left
        else:
            self._index.pop(slot, None)


def presented_key(authorization: bytes | None, x_api_key: bytes | None) -> bytes | None:
    """The key in `Authorization: Bearer <key>`, in a bare `Authorization: <key>`, or in `X-API-Key`."""
    if authorization is None:
        key = x_api_key
    elif authorization[:7].lower() == b"bearer ":
        key = authorization[7:]
    else:
        key = authorization
    key = key.strip() if key else None
    return key if key and len(key) <= MAX_KEY_BYTES else None


def digest_of(key: bytes) -> bytes:
    """SHA-256 of a key, as lower-case hex."""
    return hashlib.sha256(key).hexdigest().encode()


def _has_expired(held: _Held, now_s: float) -> bool:
    return held.expires_at is not None and held.expires_at <= now_s
