"""API keys: which service they open, and where in a request they stand."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from router.domain.access.keys import KeyRefusal, KeyRing, digest_of, presented_key
from shared.contracts.routes import KeyEntry


def entry(key: str, expires_at: datetime | None = None) -> KeyEntry:
    return KeyEntry(id=uuid4(), sha256=hashlib.sha256(key.encode()).hexdigest(), expires_at=expires_at)


def test_a_key_opens_its_own_service_until_it_expires() -> None:
    ring = KeyRing()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    mine, soon = entry("psk_a.1"), entry("psk_a.2", now + timedelta(seconds=10))
    ring.replace("wine", [mine, soon])
    assert ring.check("wine", digest_of(b"psk_a.1"), now.timestamp()) == mine.id
    assert ring.check("beer", digest_of(b"psk_a.1"), now.timestamp()) is KeyRefusal.OTHER_SERVICE
    assert ring.check("wine", digest_of(b"psk_a.3"), now.timestamp()) is KeyRefusal.UNKNOWN
    assert ring.check("wine", digest_of(b"psk_a.2"), now.timestamp()) == soon.id
    assert ring.check("wine", digest_of(b"psk_a.2"), now.timestamp() + 11) is KeyRefusal.UNKNOWN
    ring.replace("wine", [soon])
    assert ring.check("wine", digest_of(b"psk_a.1"), now.timestamp()) is KeyRefusal.UNKNOWN
    ring.replace("wine", [])
    assert ring.check("wine", digest_of(b"psk_a.2"), now.timestamp()) is KeyRefusal.UNKNOWN


def test_one_key_may_open_many_services_and_is_taken_from_one_at_a_time() -> None:
    ring, shared = KeyRing(), entry("psk_all.1")
    for number in range(3):
        ring.replace(f"s{number}", [shared, entry(f"psk_own.{number}")])
    ring.replace("s1", [])
    verdicts = [ring.check(f"s{number}", digest_of(b"psk_all.1"), 0.0) for number in range(4)]
    assert verdicts == [shared.id, KeyRefusal.OTHER_SERVICE, shared.id, KeyRefusal.OTHER_SERVICE]
    for number in range(3):
        ring.replace(f"s{number}", [])
    assert ring.check("s0", digest_of(b"psk_all.1"), 0.0) is KeyRefusal.UNKNOWN


@pytest.mark.parametrize(
    ("authorization", "api_key", "expected"),
    [
        (b"Bearer psk_a.1", None, b"psk_a.1"),
        (b"bearer  psk_a.1 ", None, b"psk_a.1"),
        (b"psk_a.1", None, b"psk_a.1"),
        (None, b"psk_a.1", b"psk_a.1"),
        (b"Bearer ", None, None),
        (None, None, None),
        (b"x" * 600, None, None),
    ],
)
def test_where_the_key_stands(authorization: bytes | None, api_key: bytes | None, expected: bytes | None) -> None:
    assert presented_key(authorization, api_key) == expected
