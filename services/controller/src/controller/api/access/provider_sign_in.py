"""`/session/oidc`: a browser leaves for the identity provider, and comes back with a session.

These are no calls but pages that lead on, so that they are no part of the described API; what goes wrong is told to the
console's sign-in page.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from controller.api.access.sessions import console_url_of, is_over_tls, set_session_cookie, who_signs_in
from controller.api.dependencies import ApiDependencies, Dependencies
from controller.clients.oidc_sign_in import OidcSignIn
from controller.domain.access.provider_sign_in import SESSION_LIFETIME, SIGN_IN_WITHIN, Attempt, SignInFailure
from controller.handlers.access import sessions
from shared.errors import NotFound, PenstockError, Unauthenticated

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)

ATTEMPT_COOKIE = "penstock_oidc"
CALLBACK = "/api/v1/session/oidc/callback"
_CONSOLE = "../" * (CALLBACK.count("/") - 1)
"""The console, from the callback: relative, since it may be behind a proxy's path prefix."""


@dataclass(frozen=True)
class _Opened:
    secret: str


@router.get("/session/oidc")
async def leave_for_provider(request: Request, deps: Dependencies) -> Response:
    """Lead a browser to the identity provider."""
    provider, attempt = _provider(deps), Attempt.begin()
    answer = RedirectResponse(await provider.authorization_url(attempt, _callback_url(request, deps)), 303)
    answer.set_cookie(
        ATTEMPT_COOKIE,
        attempt.cookie,
        max_age=int(SIGN_IN_WITHIN.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",  # the provider's page leads here, and the cookie has to come along
        secure=is_over_tls(request, deps),
    )
    answer.headers["cache-control"] = "no-store"
    return answer


@router.get("/session/oidc/callback")
async def come_back_from_provider(request: Request, deps: Dependencies) -> Response:
    """Open a session for whom the identity provider has signed in, and lead to the console."""
    provider = _provider(deps)
    attempt = Attempt.read(request.cookies.get(ATTEMPT_COOKIE, ""))
    if attempt is None:
        return _leading(f"sign-in?error={SignInFailure.EXPIRED}")
    failure = attempt.failure_of(request.query_params, provider.issuer.issuer)
    outcome = failure or await _open_session(request, deps, provider, attempt)
    if isinstance(outcome, SignInFailure):
        return _leading(f"sign-in?error={outcome}")
    leading = _leading("")
    set_session_cookie(leading, request, deps, outcome.secret)
    return leading


async def _open_session(
    request: Request, deps: ApiDependencies, provider: OidcSignIn, attempt: Attempt
) -> _Opened | SignInFailure:
    """A new session, or why there is none."""
    try:
        claims = await provider.claims(attempt, request.query_params["code"], _callback_url(request, deps))
        principal = await deps.authenticator.authenticate_claims(claims)
        async with deps.unit_of_work(who_signs_in(request, principal.name)) as unit:
            # The ID token says who signs in and is over in minutes; the session has an end of its own.
            return _Opened(await sessions.open_session(unit, replace(principal, ends_at=None), SESSION_LIFETIME))
    except Unauthenticated as refusal:
        log.warning("sign-in by the identity provider refused: %s", refusal.message)
        return SignInFailure.REFUSED
    except PenstockError as away:
        log.warning("sign-in by the identity provider failed: %s", away.message)
        return SignInFailure.AWAY


def _leading(page: str) -> Response:
    """To a page of the console; the attempt is over."""
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    answer = RedirectResponse(f"{_CONSOLE}#/{page}", 303, headers=headers)
    answer.delete_cookie(ATTEMPT_COOKIE, path="/", httponly=True, samesite="lax")
    return answer


def _provider(deps: ApiDependencies) -> OidcSignIn:
    if deps.provider is None:
        raise NotFound("No identity provider is configured to sign in at (CONTROLLER_OIDC_CLIENT_ID)")
    return deps.provider


def _callback_url(request: Request, deps: ApiDependencies) -> str:
    return console_url_of(request, deps) + CALLBACK
