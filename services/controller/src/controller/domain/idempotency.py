"""Seals the first answer of an idempotent POST: it may hold an API key, which the database must never show.

The answer is encrypted (AES-256-GCM) under a key that only its caller can make again: it is derived from the caller's
token and `Idempotency-Key`, and neither is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass

from shared.errors import InvalidInput

_NONCE_BYTES = 12


@dataclass(frozen=True)
class AnswerSeal:
    """Names and opens one stored answer; `secret` never leaves the process."""

    id: str
    secret: bytes

    def seal(self, answer: bytes) -> bytes:
        """Encrypt `answer`."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  (7 MB that most never need)

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.secret).encrypt(nonce, answer, self.id.encode())

    def unseal(self, sealed: bytes) -> bytes:
        """Decrypt what `seal` made."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        return AESGCM(self.secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self.id.encode())


def answer_seal(token: str, method: str, path: str, idempotency_key: str) -> AnswerSeal:
    """The seal of one caller's `Idempotency-Key` on one path; a key is 1 to 255 printable ASCII characters."""
    if not (1 <= len(idempotency_key) <= 255 and idempotency_key.isascii() and idempotency_key.isprintable()):
        raise InvalidInput("Idempotency-Key must be 1 to 255 printable ASCII characters")
    scope = "\n".join((method, path, idempotency_key)).encode()
    return AnswerSeal(
        id=hmac.new(token.encode(), b"id\n" + scope, hashlib.sha256).hexdigest(),
        secret=hmac.new(token.encode(), b"secret\n" + scope, hashlib.sha256).digest(),
    )
