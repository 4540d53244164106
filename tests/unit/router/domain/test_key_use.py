"""What a key opens, and when it was last used: told once, in batches."""

from __future__ import annotations

import hashlib
from uuid import uuid4

import pytest

from router.domain.access.keys import KeyRefusal, KeyRing, digest_of
from shared.contracts.routes import KeyEntry

PLAIN = b"psk_a.1"
DIGEST = digest_of(PLAIN)


def entry(scopes: tuple[str, ...] | None = None) -> KeyEntry:
    return KeyEntry(id=uuid4(), sha256=hashlib.sha256(PLAIN).hexdigest(), scopes=scopes)


@pytest.mark.parametrize(
    ("scopes", "split", "version"),
    [
        (None, True, True),
        (("predict", "versions"), True, True),
        (("predict",), True, False),
        (("versions",), False, True),
        (("something_later",), False, False),
    ],
)
def test_scopes_open_the_split_and_versions_by_name(scopes: tuple[str, ...] | None, split: bool, version: bool) -> None:
    ring, key = KeyRing(), entry(scopes)
    ring.replace("wine", [key])

    for names_version, opens in ((False, split), (True, version)):
        verdict = ring.check("wine", DIGEST, 1.0, names_version)
        assert verdict == (key.id if opens else KeyRefusal.OUT_OF_SCOPE)


def test_a_use_is_told_once_and_only_where_it_opened() -> None:
    ring, key = KeyRing(), entry(("predict",))
    ring.replace("wine", [key])
    ring.check("wine", DIGEST, 5.0, True)
    ring.check("beer", DIGEST, 6.0)
    ring.check("wine", digest_of(b"psk_a.2"), 7.0)
    assert ring.pop_last_uses() == {}

    for at in (10.0, 11.0, 12.0):
        ring.check("wine", DIGEST, at)
    assert ring.pop_last_uses() == {key.id: 12.0}
    assert ring.pop_last_uses() == {}
    ring.check("wine", DIGEST, 13.0)
    assert ring.pop_last_uses() == {key.id: 13.0}


def test_a_change_of_keys_loses_no_use() -> None:
    ring, key = KeyRing(), entry()
    ring.replace("wine", [key])
    ring.check("wine", DIGEST, 10.0)
    ring.replace("wine", [key, KeyEntry(id=uuid4(), sha256="0" * 64)])
    ring.check("wine", DIGEST, 20.0)
    ring.replace("wine", [])

    assert ring.pop_last_uses() == {key.id: 20.0}
