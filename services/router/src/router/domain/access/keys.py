"""API keys: only SHA-256 hashes are held here, compared in constant time."""

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
MAX_LAST_USES = 20_000
"""Last uses in one sample: it has to fit into one message."""


class KeyRefusal(Enum):
    """Why a key does not open a service."""

    UNKNOWN = "unknown"
    OTHER_SERVICE = "other service"
    OUT_OF_SCOPE = "out of scope"
    """It is a key of the service, but its scopes do not open this path."""


@dataclass(slots=True, eq=False)
class _StoredKey:
    sha256: bytes
    id: UUID
    expires_at: float | None
    opens_split: bool
    opens_versions: bool
    used_at: float = 0.0
    """Unix time of its last use since that was last reported; 0: none."""

    def is_opened_by(self, digest: bytes, now_s: float) -> bool:
        return hmac.compare_digest(self.sha256, digest) and (self.expires_at is None or self.expires_at > now_s)


@dataclass(slots=True)
class KeyRing:
    """Every key of every service: found by the first 64 bits of their hash, then compared whole."""

    _of_service: dict[str, dict[bytes, tuple[_StoredKey, ...]]] = field(default_factory=dict)
    _services: dict[bytes, set[str]] = field(default_factory=dict)
    """Where those first bits occur: to tell a key of another service from an unknown one."""
    _used: list[_StoredKey] = field(default_factory=list)
    """Those with a use that is not reported yet."""

    def replace(self, service: str, keys: Iterable[KeyEntry]) -> None:
        """These are the service's keys now; what it had before is gone."""
        for slot in self._of_service.pop(service, ()):
            services = self._services[slot]
            services.discard(service)
            if not services:
                del self._services[slot]
        fresh: dict[bytes, tuple[_StoredKey, ...]] = {}
        for key in keys:
            digest = key.sha256.lower().encode("ascii", "replace")
            stored = _stored_key(key, digest)
            slot = digest[:_INDEX_CHARS]
            fresh[slot] = (*fresh.get(slot, ()), stored)
            self._services.setdefault(slot, set()).add(service)
        if fresh:
            self._of_service[service] = fresh

    def check(self, service: str, digest: bytes, now_s: float, names_version: bool = False) -> UUID | KeyRefusal:
        """The id of the key with this SHA-256 (hex) if it opens `service` at unix time `now_s`, else why not.

        `names_version`: past the split, to one version by its name.
        """
        stored = self._find(service, digest, now_s)
        if stored is not None:
            if not (stored.opens_versions if names_version else stored.opens_split):
                return KeyRefusal.OUT_OF_SCOPE
            if not stored.used_at:
                self._used.append(stored)
            stored.used_at = now_s
            return stored.id
        others = self._services.get(digest[:_INDEX_CHARS], ())
        is_anothers = any(self._find(other, digest, now_s) is not None for other in others)
        return KeyRefusal.OTHER_SERVICE if is_anothers else KeyRefusal.UNKNOWN

    def pop_last_uses(self) -> dict[UUID, float]:
        """Key → unix time of its last use, of keys used since the last call: `MAX_LAST_USES` at a time."""
        used, self._used = self._used[:MAX_LAST_USES], self._used[MAX_LAST_USES:]
        latest = {stored.id: stored.used_at for stored in sorted(used, key=lambda stored: stored.used_at)}
        for stored in used:
            stored.used_at = 0.0
        return latest

    def _find(self, service: str, digest: bytes, now_s: float) -> _StoredKey | None:
        keys = self._of_service.get(service)
        if keys is not None:
            for stored in keys.get(digest[:_INDEX_CHARS], ()):
                if stored.is_opened_by(digest, now_s):
                    return stored
        return None


def _stored_key(key: KeyEntry, digest: bytes) -> _StoredKey:
    scopes = ("predict", "versions") if key.scopes is None else key.scopes
    expires_at = key.expires_at.timestamp() if key.expires_at else None
    return _StoredKey(digest, key.id, expires_at, "predict" in scopes, "versions" in scopes)


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
