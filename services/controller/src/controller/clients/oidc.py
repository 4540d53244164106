"""OpenID Connect: tokens that an identity provider has signed for this installation.

Source: OpenID Connect Discovery 1.0 and Core 1.0 (section 3.1.3.7), RFC 7519, RFC 8725. Only asymmetric algorithms are
accepted, keys come from the issuer's own document, and issuer, audience, expiry and subject must be there and fit.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from shared.clock import Clock
from shared.errors import Unauthenticated, Unavailable, describe_error

log = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
REQUIRED = ("exp", "iss", "aud", "sub")
LEEWAY_S = 30
KEYS_TTL_S = 600.0
UNKNOWN_KEY_RETRY_S = 10.0
"""An unknown key id causes a refresh of the keys, this often at most: anybody can invent key ids."""
FAILURE_RETRY_S = 1.0
"""After a failed refresh the next one comes no sooner, whatever tokens arrive meanwhile."""

_AWAY = (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, KeyError, TimeoutError, jwt.PyJWTError)


@dataclass(frozen=True)
class OidcOptions:
    """As the operator configured it."""

    issuer: str
    audience: str
    name_claim: str = "preferred_username"
    roles_claim: str | None = None
    timeout_s: float = 5.0


class OidcIssuer:
    """One identity provider."""

    def __init__(self, options: OidcOptions, clock: Clock) -> None:
        self.issuer = options.issuer
        self.name_claim, self.roles_claim = options.name_claim, options.roles_claim
        self._audience, self._timeout_s = options.audience, options.timeout_s
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=options.timeout_s, follow_redirects=False)
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._refreshed_at = self._attempted_at = -math.inf
        self._failure: str | None = None
        self._refresh_lock = asyncio.Lock()

    async def close(self) -> None:
        """Give connections back."""
        await self._client.aclose()

    async def claims(self, token: str, audience: str | None = None) -> Mapping[str, Any]:
        """Claims of a token that the issuer signed for us; else `Unauthenticated`; `Unavailable` without its keys."""
        try:
            head = jwt.get_unverified_header(token)
            key = await self._key(str(head.get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[head["alg"]] if head.get("alg") in ALGORITHMS else [],
                audience=audience or self._audience,
                issuer=self.issuer,
                leeway=LEEWAY_S,
                options={"require": list(REQUIRED)},
            )
        except jwt.PyJWTError as wrong:
            raise Unauthenticated("The token is not one of the identity provider's for this installation") from wrong
        return claims

    async def _key(self, key_id: str) -> jwt.PyJWK:
        """A key of the issuer's. One refresh at a time; a request whose key is cached does not wait for it."""
        if self._is_due(key_id) and not (key_id in self._keys and self._refresh_lock.locked()):
            async with self._refresh_lock:
                if self._is_due(key_id):
                    await self._refresh_keys()
        found = self._keys.get(key_id)
        if found is not None:
            return found
        if self._failure is not None:
            raise Unavailable(self._failure)
        raise Unauthenticated("The token is signed with a key that the identity provider does not have")

    def _is_due(self, key_id: str) -> bool:
        now = self._clock.monotonic()
        if key_id in self._keys and now - self._refreshed_at < KEYS_TTL_S:
            return False
        return now - self._attempted_at >= (UNKNOWN_KEY_RETRY_S if self._failure is None else FAILURE_RETRY_S)

    async def _refresh_keys(self) -> None:
        """Read the keys anew; where that fails, what the issuer said before is as good, until it answers again."""
        try:
            async with asyncio.timeout(self._timeout_s):
                self._keys = await self._read_keys()
            self._failure, self._refreshed_at = None, self._clock.monotonic()
        except Unavailable as other:
            self._failure = other.message
        except _AWAY as failure:
            self._failure = "The identity provider does not answer"
            log.warning("keys of %s not read: %s", self.issuer, describe_error(failure))
        self._attempted_at = self._clock.monotonic()

    async def document(self) -> Mapping[str, Any]:
        """What the issuer says of itself."""
        document = await self._json(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self.issuer:
            raise Unavailable("The identity provider's document names another issuer")
        return document

    async def post_form(self, url: str, form: Mapping[str, str], auth: tuple[str, str] | None) -> httpx.Response:
        """The issuer's answer to a form, whatever it is."""
        given: httpx.Auth = httpx.BasicAuth(*auth) if auth else httpx.Auth()
        return await self._client.post(url, data=dict(form), auth=given, headers={"accept": "application/json"})

    async def _read_keys(self) -> Mapping[str, jwt.PyJWK]:
        document = await self.document()
        keys = jwt.PyJWKSet.from_dict(await self._json(str(document["jwks_uri"])))
        return {key.key_id or "": key for key in keys.keys if key.public_key_use in (None, "sig")}

    async def _json(self, url: str) -> dict[str, Any]:
        answer = await self._client.get(url)
        answer.raise_for_status()
        return dict(answer.json())
