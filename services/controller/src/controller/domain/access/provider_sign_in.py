"""Signing in at an identity provider: what a browser keeps between leaving for it and coming back.

Source: RFC 7636 (PKCE), RFC 9700 (security of OAuth 2.0), RFC 9207 (`iss`), OpenID Connect Core 1.0, section 3.1.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

SIGN_IN_WITHIN = timedelta(minutes=10)
SESSION_LIFETIME = timedelta(hours=12)
"""What the provider granted is asked of it anew after that."""
_LONGEST_COOKIE = 1024


class SignInFailure(StrEnum):
    """Why nobody was signed in, as the sign-in page is told (a word, so that nobody can put sentences there)."""

    DENIED = "denied"
    """The provider, or the user there, said no."""
    EXPIRED = "expired"
    """This browser has not begun it, or too long ago."""
    REFUSED = "refused"
    """The provider's answer is not for us, or its user is disabled here."""
    AWAY = "away"
    """The provider does not answer."""


@dataclass(frozen=True)
class Attempt:
    """One attempt: `state` binds the answer to the browser, `nonce` the token to the attempt, `verifier` the code."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begin(cls) -> Attempt:
        """A new one."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))

    @classmethod
    def read(cls, cookie: str) -> Attempt | None:
        """The one that `cookie` holds; None where it holds none."""
        try:
            kept = json.loads(base64.urlsafe_b64decode(cookie[:_LONGEST_COOKIE]))
            attempt = cls(**kept)
        except (ValueError, TypeError, RecursionError):
            return None
        return attempt if all(isinstance(each, str) and each for each in asdict(attempt).values()) else None

    @property
    def cookie(self) -> str:
        """As the browser keeps it, out of reach of scripts."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @property
    def challenge(self) -> str:
        """What the provider gets of the verifier before it gives a code (S256)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    def failure_of(self, answer: Mapping[str, str], issuer: str) -> SignInFailure | None:
        """What is wrong with the parameters that the provider sent the browser back with; None: nothing."""
        if not hmac.compare_digest(answer.get("state", "").encode(), self.state.encode()):
            return SignInFailure.EXPIRED
        if answer.get("iss", issuer) != issuer:
            return SignInFailure.REFUSED
        return None if answer.get("code") and "error" not in answer else SignInFailure.DENIED

    def fits(self, claims: Mapping[str, Any], client_id: str) -> bool:
        """Whether an ID token was made for this attempt, and for us alone."""
        nonce = claims.get("nonce")
        is_ours = isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), self.nonce.encode())
        return is_ours and claims.get("azp", client_id) == client_id
