"""Sessions of the console: a browser signs in once, and its cookie stands for the token, link or provider's answer.

A session has an idle end, an absolute one, and ends with what it was opened by. Writes carry, besides the cookie, a
value derived from it that only the console's own pages can read.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from controller.domain.commands import Command
from shared.errors import Detail, InvalidInput

IDLE_LIFETIME = timedelta(hours=12)
ABSOLUTE_LIFETIME = timedelta(days=7)
LINK_LIFETIME = timedelta(minutes=10)
SEEN_INTERVAL = timedelta(minutes=1)
"""How exactly the last use of a session is known: it is written no more often."""

_PORTS = {"http": 80, "https": 443}
_LONGEST = 16 * 1024
"""Characters of a token: an identity provider's may list many groups."""


class SignIn(Command):
    """What a session is opened with: one of the two."""

    token: Annotated[str, Field(min_length=1, max_length=_LONGEST)] | None = Field(
        default=None, description="A token of the control plane, or one of the configured identity provider."
    )
    link: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="What a sign-in link holds after `link=`; it opens one session."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> SignIn:
        if (self.token is None) == (self.link is None):
            raise InvalidInput("give token or link", (Detail(("token",), "give this or link"),))
        return self


def mint_secret() -> str:
    """The secret of a new session, which is its cookie's value, or of a new sign-in link."""
    return secrets.token_urlsafe(32)


def csrf_token_of(session: str) -> str:
    """What writes with this session's cookie must carry in a header of their own; it does not tell the cookie."""
    return hmac.new(session.encode(), b"penstock console writes", hashlib.sha256).hexdigest()


def is_csrf_token(session: str, given: str) -> bool:
    """Whether `given` is the session's, told in constant time."""
    return hmac.compare_digest(csrf_token_of(session).encode(), given.encode())


def is_session_alive(seen_at: datetime, expires_at: datetime, now: datetime) -> bool:
    """Whether neither the idle nor the absolute end has come."""
    return now < expires_at and now < seen_at + IDLE_LIFETIME


def ends_at(seen_at: datetime, expires_at: datetime) -> datetime:
    """When a session ends unless it is used again."""
    return min(expires_at, seen_at + IDLE_LIFETIME)


def origin_of(url: str) -> tuple[str, int | None]:
    """Host and port of a URL, the default port filled in; the scheme is left to whoever ends TLS."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None


def is_same_origin(origin: str, scheme: str, host: str, own_url: str | None) -> bool:
    """Whether a page of `origin` is the console's own: the origin that the request was sent to, or the installation's.

    A proxy that ends TLS leaves a request with another scheme than its page has, so schemes are not compared: default
    ports are those of each side's own.
    """
    theirs = origin_of(origin)
    asked = {origin_of(f"{each}://{host}") for each in {scheme, origin.partition("://")[0]}}
    return bool(theirs[0]) and (theirs in asked or (own_url is not None and theirs == origin_of(own_url)))


def is_cross_site(fetch_site: str | None) -> bool:
    """Whether a browser says that another page sends this request (`Sec-Fetch-Site`); without the header it does not.

    Pages of other ports of the same machine are `same-site`, and no less foreign.
    """
    return fetch_site is not None and fetch_site.strip().lower() not in ("same-origin", "none")


def is_https(scheme: str, forwarded_proto: str | None, own_url: str | None) -> bool:
    """Whether the browser reaches the console over TLS, so that the cookie may ask for it."""
    told = (forwarded_proto or "").partition(",")[0].strip().lower()
    return "https" in (scheme, told) or (own_url or "").startswith("https://")


def cookie_value(cookies: Mapping[str, str], name: str) -> str | None:
    """A cookie that could be ours; None for one that is absent, empty or too long to be."""
    value = cookies.get(name, "")
    return value if 0 < len(value) <= 128 else None
