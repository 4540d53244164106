"""How long the router takes a ticket of a debug request for."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from router.domain.access.debug_tickets import MAX_LIFE_S, DebugTicketVerifier
from shared.contracts.debug import SIGNED_CONTEXT, DebugTicket, header_value

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key().public_bytes_raw()
NOW = 1_900_000_000.0


def ticket(expires_at: float) -> bytes:
    encoded = DebugTicket(service="wine", version="v2", expires_at=expires_at, nonce="n" * 22).encode()
    return header_value(encoded, KEY.sign(SIGNED_CONTEXT + encoded))


@pytest.mark.parametrize(
    ("life_s", "is_taken"), [(-1.0, False), (0.0, False), (0.5, True), (MAX_LIFE_S, True), (MAX_LIFE_S + 0.5, False)]
)
def test_a_ticket_is_taken_until_it_expires_and_none_that_claims_to_live_too_long(
    life_s: float, is_taken: bool
) -> None:
    found = DebugTicketVerifier().check(PUBLIC, ticket(NOW + life_s), ("wine", "v2"), NOW)
    assert (found is not None) is is_taken
