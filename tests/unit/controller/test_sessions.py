"""Where a request with a session comes from, how its browser got here, and when it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.api.middleware.console import page_location
from controller.domain.access.sessions import (
    IDLE_LIFETIME,
    csrf_token_of,
    ends_at,
    is_cross_site,
    is_csrf_token,
    is_https,
    is_same_origin,
    is_session_alive,
)

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "own_url", "is_own"),
    [
        ("http://127.0.0.1:8000", "http", "127.0.0.1:8000", None, True),
        ("HTTP://LOCALHOST:8000", "http", "localhost:8000", None, True),
        ("http://[::1]:8000", "http", "[::1]:8000", None, True),
        ("http://penstock.example", "http", "penstock.example", None, True),
        ("http://penstock.example", "http", "penstock.example:80", None, True),
        ("https://penstock.example", "http", "penstock.example", None, True),
        ("https://penstock.example", "http", "127.0.0.1:8000", "https://penstock.example/ml", True),
        ("http://penstock.example", "http", "127.0.0.1:8000", "https://penstock.example/ml", False),
        ("http://127.0.0.1:5000", "http", "127.0.0.1:8000", None, False),
        ("http://localhost:8000", "http", "127.0.0.1:8000", None, False),
        ("http://evil.example:8000", "http", "127.0.0.1:8000", None, False),
        ("http://127.0.0.1:8000.evil.example", "http", "127.0.0.1:8000", None, False),
        ("null", "http", "127.0.0.1:8000", None, False),
        ("", "http", "", None, False),
        ("http://[", "http", "127.0.0.1:8000", None, False),
    ],
)
def test_own_origins(origin: str, scheme: str, host: str, own_url: str | None, is_own: bool) -> None:
    assert is_same_origin(origin, scheme, host, own_url) is is_own


def test_what_a_browser_says_of_who_asks() -> None:
    assert [is_cross_site(each) for each in (None, "same-origin", "none")] == [False] * 3
    assert [is_cross_site(each) for each in ("same-site", "cross-site", "", "x")] == [True] * 4


@pytest.mark.parametrize(
    ("scheme", "forwarded", "own_url", "is_secure"),
    [
        ("http", None, None, False),
        ("https", None, None, True),
        ("http", "https", None, True),
        ("http", "https, http", None, True),
        ("http", "http", None, False),
        ("http", None, "https://penstock.example", True),
    ],
)
def test_tls_that_somebody_else_ends(scheme: str, forwarded: str | None, own_url: str | None, is_secure: bool) -> None:
    assert is_https(scheme, forwarded, own_url) is is_secure


def test_a_session_ends_by_the_earlier_of_both() -> None:
    late, soon = NOW + timedelta(days=7), NOW + timedelta(hours=1)
    assert ends_at(NOW, late) == NOW + IDLE_LIFETIME
    assert ends_at(NOW, soon) == soon
    assert is_session_alive(NOW, late, NOW + IDLE_LIFETIME - timedelta(seconds=1))
    assert not is_session_alive(NOW, late, NOW + IDLE_LIFETIME)
    assert not is_session_alive(NOW, soon, soon)


def test_only_its_own_value_lets_a_session_write() -> None:
    assert is_csrf_token("one", csrf_token_of("one"))
    for wrong in ("", csrf_token_of("two"), "é", "one"):
        assert not is_csrf_token("one", wrong)


def test_pages_without_a_hash_lead_to_their_own() -> None:
    assert page_location("/a", b"") == "./#/a"
    assert page_location("/a/b/c", b"x=1") == "../../#/a/b/c?x=1"
    assert page_location("/a b\r\n", b"") == "./#/a%20b%0D%0A"
