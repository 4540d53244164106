"""Tickets of debug requests: signed by the controller, for one version, short-lived, valid once.

An Ed25519 signature is checked with the public key that stands in the service's intent: whoever can read the routes
can check a ticket and cannot make one.
"""

from __future__ import annotations

from shared.contracts.debug import SIGNED_CONTEXT, DebugTicket, parse_ticket, split_header

MAX_LIFE_S = 120.0
"""A ticket that claims to live longer is refused: nonces are remembered only until their tickets have expired."""


class DebugTicketVerifier:
    """Verifies tickets and remembers which ones this router has accepted."""

    def __init__(self) -> None:
        self._used: dict[str, float] = {}

    def check(self, public_key: bytes | None, value: bytes, of: tuple[str, str], now_s: float) -> DebugTicket | None:
        """The ticket in a header's `value` if it lets one request into `of` (service, version) at unix time `now_s`."""
        parts = split_header(value)
        if public_key is None or parts is None or not _is_signed(public_key, *parts):
            return None
        try:
            ticket = parse_ticket(parts[0])
        except ValueError:
            return None
        if (ticket.service, ticket.version) != of or not now_s < ticket.expires_at <= now_s + MAX_LIFE_S:
            return None
        return ticket if self._use_once(ticket, now_s) else None

    def _use_once(self, ticket: DebugTicket, now_s: float) -> bool:
        self._used = {nonce: until for nonce, until in self._used.items() if until > now_s}
        if ticket.nonce in self._used:
            return False
        self._used[ticket.nonce] = ticket.expires_at
        return True


def _is_signed(public_key: bytes, encoded: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  (7 MB that most routers never need)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, SIGNED_CONTEXT + encoded)
    except (InvalidSignature, ValueError):
        return False
    return True
