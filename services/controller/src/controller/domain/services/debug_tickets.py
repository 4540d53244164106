"""Signs tickets of debug requests. The private key stays in this process and its file; routers get the public one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.contracts.debug import SIGNED_CONTEXT, DebugTicket, header_value

TICKET_LIFE = timedelta(seconds=30)
"""Clocks of controller and router may differ by less than this."""


@dataclass(frozen=True)
class TicketSigner:
    """An Ed25519 key: `seed` is its 32 secret bytes."""

    seed: bytes = field(repr=False)

    @property
    def public_key(self) -> str:
        """What checks the signatures: 32 bytes, hex."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  (7 MB)

        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw().hex()

    def ticket(self, service: str, version: str, now: datetime, *, is_logged: bool) -> str:
        """A new ticket for one request, as the header's value."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        encoded = DebugTicket(
            service=service,
            version=version,
            expires_at=(now + TICKET_LIFE).timestamp(),
            nonce=secrets.token_urlsafe(16),
            is_logged=is_logged,
        ).encode()
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(SIGNED_CONTEXT + encoded)
        return header_value(encoded, signature).decode()
