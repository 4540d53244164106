"""Tickets of debug requests, from the controller's signature to the router's door; the `curl` line; what is refused."""

from __future__ import annotations

import shlex
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.services.debug_tickets import TicketSigner
from controller.domain.services.debugging import DebugRequest, Timings, chosen_version, curl_line, parse_timings
from router.domain.access.debug_tickets import DebugTicketVerifier
from shared.contracts.debug import DebugTicket, header_value
from shared.errors import Conflict, InvalidInput

SIGNER = TicketSigner(bytes(range(32)))
PUBLIC = bytes.fromhex(SIGNER.public_key)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
WINE = ("wine", "v2")


def ticket(*, is_logged: bool = False) -> bytes:
    return SIGNER.ticket(*WINE, NOW, is_logged=is_logged).encode()


@pytest.mark.parametrize("is_logged", [False, True])
def test_a_ticket_opens_its_version_once(is_logged: bool) -> None:
    door, value = DebugTicketVerifier(), ticket(is_logged=is_logged)
    found = door.check(PUBLIC, value, WINE, NOW.timestamp())
    assert found is not None
    assert found.is_logged is is_logged
    assert door.check(PUBLIC, value, WINE, NOW.timestamp()) is None
    assert door.check(PUBLIC, ticket(), WINE, NOW.timestamp()) is not None


@pytest.mark.parametrize("of", [("wine", "v1"), ("beer", "v2")])
def test_a_ticket_is_for_one_version(of: tuple[str, str]) -> None:
    assert DebugTicketVerifier().check(PUBLIC, ticket(), of, NOW.timestamp()) is None


def test_a_ticket_expires() -> None:
    late, in_time = NOW + timedelta(seconds=30), NOW + timedelta(seconds=29)
    assert DebugTicketVerifier().check(PUBLIC, ticket(), WINE, late.timestamp()) is None
    assert DebugTicketVerifier().check(PUBLIC, ticket(), WINE, in_time.timestamp()) is not None


def test_a_used_ticket_is_remembered_until_it_has_expired() -> None:
    door = DebugTicketVerifier()
    assert door.check(PUBLIC, ticket(), WINE, NOW.timestamp())
    later = NOW + timedelta(minutes=1)
    assert door.check(PUBLIC, SIGNER.ticket(*WINE, later, is_logged=False).encode(), WINE, later.timestamp())
    assert len(door._used) == 1


def test_only_the_key_makes_tickets() -> None:
    stranger = TicketSigner(bytes(32)).ticket(*WINE, NOW, is_logged=False).encode()
    at = NOW.timestamp()
    assert DebugTicketVerifier().check(PUBLIC, stranger, WINE, at) is None
    assert DebugTicketVerifier().check(None, ticket(), WINE, at) is None


def test_a_changed_ticket_is_refused() -> None:
    encoded, _, signature = ticket().partition(b".")
    longer = DebugTicket(service="wine", version="v2", expires_at=NOW.timestamp() + 60, nonce="n" * 22, is_logged=True)
    at = NOW.timestamp()
    assert DebugTicketVerifier().check(PUBLIC, longer.encode() + b"." + signature, WINE, at) is None
    for value in (b"", b".", b"1", encoded, encoded + b".", b"." + signature, encoded + b".\xff", b"several"):
        assert DebugTicketVerifier().check(PUBLIC, value, WINE, at) is None


def test_a_signed_thing_that_is_no_ticket_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    from shared.contracts.debug import SIGNED_CONTEXT  # noqa: PLC0415

    encoded = urlsafe_b64encode(b'{"service": 1}')
    signature = Ed25519PrivateKey.from_private_bytes(SIGNER.seed).sign(SIGNED_CONTEXT + encoded)
    assert DebugTicketVerifier().check(PUBLIC, header_value(encoded, signature), WINE, NOW.timestamp()) is None


def test_the_seed_is_not_shown() -> None:
    assert "seed" not in repr(SIGNER)


def test_the_line_holds_whatever_the_body_holds() -> None:
    body = """{"inputs": ["it's $(here) `and` \\"there\\" \\n"]}"""
    words = shlex.split(curl_line("http://h/wine/versions/v2/predict", body, {"X-Note": "a'b"}, needs_key=True))
    assert words[-2:] == ["--data-raw", body]
    assert "X-Note: a'b" in words
    assert "Authorization: Bearer $PENSTOCK_API_KEY" in words
    assert "API_KEY" not in curl_line("http://h/", body, {}, needs_key=False)


def test_the_heaviest_version_is_chosen() -> None:
    assert chosen_version(["v1", "v2"], {"v1": 10, "v2": 90}) == "v2"
    assert chosen_version(["v1", "v2"], {}) == "v1"
    with pytest.raises(Conflict):
        chosen_version([], {})


@pytest.mark.parametrize(
    "name", ["Host", "authorization", "X-API-Key", "Content-Length", "X-Penstock-Debug", "x-forwarded-for", "a b", ""]
)
def test_headers_of_the_platform_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        DebugRequest(headers={name: "x"})


@pytest.mark.parametrize(
    ("header", "timings"),
    [
        ("router;dur=0.250, queue;dur=0.1, predict;dur=7", Timings(9.0, 0.25, 0.1, 7.0)),
        ("router;dur=0.250", Timings(9.0, 0.25)),
        ("router;dur=nan, predict;dur=-1, other;dur=3", Timings(9.0)),
        (None, Timings(9.0)),
    ],
)
def test_timings_are_read_as_far_as_they_were_said(header: str | None, timings: Timings) -> None:
    assert parse_timings(9.0, header) == timings


@pytest.mark.parametrize("value", ["", "a\r\nHost: b", "ä", " x"])
def test_values_that_are_no_header_are_refused(value: str) -> None:
    with pytest.raises(InvalidInput):
        DebugRequest(headers={"X-Note": value})


@pytest.mark.parametrize("request_body", [float("nan"), {"a": float("inf")}, {"a": "\ud800"}])
def test_what_is_not_json_is_refused(request_body: object) -> None:
    with pytest.raises(InvalidInput):
        DebugRequest(request=request_body)
