"""Secrets that open something: API keys of services, and the platform's admin token.

Both carry 256 random bits and are kept as SHA-256 only. A fast hash is right here: nobody guesses 256 random bits.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Scope = Literal["predict", "versions"]
"""What a key opens: its service, by the split; one version by its name, past the split."""
SCOPES: tuple[Scope, ...] = ("predict", "versions")

MAX_ALIVE_PER_NAME = 2
"""The old key and its successor, while callers are moved from one to the other."""

MAX_ALIVE_PER_SERVICE = 1000
"""All of them are one message on the bus, some 200 bytes each: at 40,000 no router would get any change."""


@dataclass(frozen=True)
class FreshKey:
    """A key at the only moment when it is known in full."""

    plain: str
    prefix: str
    sha256: str


def mint_key() -> FreshKey:
    """A new API key, `psk_<8 characters>.<43 characters>`; the prefix is for people and says nothing of the secret."""
    prefix = secrets.token_hex(4)
    plain = f"psk_{prefix}.{secrets.token_urlsafe(32)}"
    return FreshKey(plain, prefix, digest(plain))


def mint_token() -> str:
    """A new token of the control plane."""
    return f"pst_{secrets.token_urlsafe(32)}"


def digest(secret: str) -> str:
    """SHA-256 of the whole secret, hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_alive(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> bool:
    """Whether a key opens its service at `now`."""
    return revoked_at is None and (expires_at is None or expires_at > now)


def earliest_expiry(expires_at: datetime | None, limit: datetime | None) -> datetime | None:
    """The earlier of two expiries, where None is never."""
    return min((at for at in (expires_at, limit) if at is not None), default=None)


def ordered_scopes(scopes: Iterable[str]) -> tuple[Scope, ...]:
    """Each scope once, in the order of `SCOPES`."""
    wanted = frozenset(scopes)
    return tuple(scope for scope in SCOPES if scope in wanted)
