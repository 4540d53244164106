"""The authorization code flow with PKCE, as a client of the configured identity provider."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from controller.clients.oidc import OidcIssuer
from controller.domain.access.provider_sign_in import Attempt
from shared.errors import Unauthenticated, Unavailable, describe_error

log = logging.getLogger(__name__)

_AWAY = (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, KeyError)


class OidcSignIn:
    """A client of one provider; without a secret it is a public one, which PKCE alone protects."""

    def __init__(self, issuer: OidcIssuer, client_id: str, client_secret: str | None, scopes: str) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self._secret, self._scopes = client_secret, scopes

    async def authorization_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where the browser goes to sign in; `Unavailable` while the provider is away."""
        endpoint = str((await self._document())["authorization_endpoint"])
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def claims(self, attempt: Attempt, code: str, redirect_uri: str) -> Mapping[str, Any]:
        """The claims of the ID token that the provider gives for `code`; `Unauthenticated` where it gives none."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
            "client_id": self.client_id,
        }
        # RFC 6749, section 2.3.1: both parts are form-encoded before they become a user and a password.
        auth = (quote(self.client_id, safe=""), quote(self._secret, safe="")) if self._secret else None
        endpoint = str((await self._document())["token_endpoint"])
        try:
            answer = await self.issuer.post_form(endpoint, form, auth)
            if answer.is_client_error:
                log.warning("the identity provider refused a code: %s", answer.text[:200])
                raise Unauthenticated("The identity provider refused the sign-in")
            token = str(answer.raise_for_status().json()["id_token"])
        except _AWAY as failure:
            log.warning("no token of %s: %s", self.issuer.issuer, describe_error(failure))
            raise Unavailable("The identity provider does not answer") from failure
        claims = await self.issuer.claims(token, audience=self.client_id)
        if not attempt.fits(claims, self.client_id):
            raise Unauthenticated("The identity provider's token is of another sign-in")
        return claims

    async def _document(self) -> Mapping[str, Any]:
        try:
            document = await self.issuer.document()
            endpoints = [str(document[name]) for name in ("authorization_endpoint", "token_endpoint")]
        except _AWAY as failure:
            log.warning("document of %s not read: %s", self.issuer.issuer, describe_error(failure))
            raise Unavailable("The identity provider does not answer") from failure
        if not all(each.startswith(("https://", "http://")) for each in endpoints):
            raise Unavailable("The identity provider's document names no addresses to sign in at")
        return document
