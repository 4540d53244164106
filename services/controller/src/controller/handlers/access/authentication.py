"""Who a token belongs to: a user's own token, or one that the configured identity provider has signed."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.access.keys import digest
from controller.domain.access.roles import ClaimGrants, Principal, find_claim, grants_of_claim
from controller.domain.access.sessions import SEEN_INTERVAL
from controller.domain.names import RESERVED_USERS
from controller.store.access.people import principal_of_token, principal_of_user, user_by_name, user_of_subject
from controller.store.access.sessions import find_session, note_use, principal_of_session
from controller.store.audit import Actor, audit_changes
from controller.store.tables import UserRow
from shared.clock import Clock
from shared.database import Database
from shared.errors import PenstockError, Unauthenticated, Unavailable

MAX_SUBJECT = 255
"""Characters of a subject, as OpenID Connect has it (Core 1.0, section 2)."""
SIGN_IN_ATTEMPTS = 3
"""For a first sign-in: of several at once, for one user or for equal names, one succeeds and the others retry."""


class IdentityProvider(Protocol):
    """An identity provider."""

    issuer: str
    name_claim: str
    roles_claim: str | None

    async def claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that it signed for us; else `Unauthenticated`."""
        ...


class Authenticator:
    """Finds the principal of a token; nothing is cached, so that a revoked token ends at once."""

    def __init__(self, database: Database, clock: Clock, provider: IdentityProvider | None = None) -> None:
        self._database = database
        self._clock = clock
        self._provider = provider

    async def authenticate(self, token: str) -> Principal:
        """The owner of `token`; `Unauthenticated` for one that is unknown, expired, revoked, or of a disabled user."""
        async with self._database.read() as session:
            principal = await principal_of_token(session, digest(token), self._clock.now())
        if principal is not None:
            return principal
        if self._provider is None or token.count(".") != 2:
            raise Unauthenticated("The token is not known, or has ended")
        return await self.authenticate_claims(await self._provider.claims(token))

    async def authenticate_claims(self, claims: Mapping[str, Any]) -> Principal:
        """The user of claims that the identity provider has signed; made at the first sign-in."""
        provider = self._provider
        if provider is None:
            raise Unauthenticated("No identity provider is configured")
        user = await self._user(provider, claims)
        if user.is_disabled:
            raise Unauthenticated("The user is disabled")
        async with self._database.read() as session:
            known = await principal_of_user(session, user)
        granted = grants_of_claim(find_claim(claims, provider.roles_claim)) if provider.roles_claim else ClaimGrants()
        return replace(known.with_grants(granted), ends_at=_end_of(claims))

    async def authenticate_session(self, secret: str, *, is_use: bool = True) -> Principal:
        """Whose session has this cookie; `Unauthenticated` where it has ended. `is_use`: it lives on for it."""
        now = self._clock.now()
        async with self._database.read() as session:
            row = await find_session(session, digest(secret))
            principal = await principal_of_session(session, row, now) if row is not None else None
        if row is None or principal is None:
            raise Unauthenticated("The session has ended: sign in again")
        if is_use and now - row.seen_at >= SEEN_INTERVAL:
            with contextlib.suppress(PenstockError):  # a store that cannot be written must not refuse who reads
                async with self._database.unit_of_work() as session:
                    await note_use(session, row.id, now)
        return principal

    async def _user(self, provider: IdentityProvider, claims: Mapping[str, Any]) -> UserRow:
        subject = claims["sub"]
        if not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
            raise Unauthenticated(f"The token's subject (sub) must be 1 to {MAX_SUBJECT} printable characters")
        for _ in range(SIGN_IN_ATTEMPTS):
            async with self._database.read() as session:
                user = await user_of_subject(session, provider.issuer, subject)
            if user is not None:
                return user
            with contextlib.suppress(IntegrityError):
                return await self._create_user(provider, claims)
        raise Unavailable("Others of that name sign in at this moment; try again")

    async def _create_user(self, provider: IdentityProvider, claims: Mapping[str, Any]) -> UserRow:
        """Create the user of a first sign-in; a name that is taken gets a suffix."""
        now = self._clock.now()
        async with self._database.unit_of_work() as session:
            name = await _free_name(session, str(claims.get(provider.name_claim) or claims["sub"]), provider, claims)
            audit_changes(session, Actor(name, "sign_in", ""), now)
            user = UserRow(name=name, issuer=provider.issuer, subject=claims["sub"], created_at=now, updated_at=now)
            session.add(user)
        return user


def _end_of(claims: Mapping[str, Any]) -> datetime | None:
    """When a provider's token ends; None for a time that no calendar knows."""
    try:
        return datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (OverflowError, ValueError, OSError):
        return None


async def _free_name(session: AsyncSession, wanted: str, provider: IdentityProvider, claims: Mapping[str, Any]) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.@-]", "-", wanted).lstrip("_.@-")[:63] or "user"
    if plain not in RESERVED_USERS and await user_by_name(session, plain) is None:
        return plain
    suffix = hashlib.sha256(f"{provider.issuer}\n{claims['sub']}".encode()).hexdigest()[:8]
    return f"{plain[:54]}-{suffix}"
