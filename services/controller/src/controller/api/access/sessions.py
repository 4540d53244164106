"""`/session`: a browser's way in. What a token is to a program, a session is to the console."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import Actor, ApiDependencies, CurrentPrincipal, Dependencies, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.middleware.auth import require_same_origin, session_cookie
from controller.api.open_paths import SESSION_COOKIE, SESSION_PATH
from controller.domain.access.keys import digest
from controller.domain.access.roles import Principal, Role
from controller.domain.access.sessions import SignIn, csrf_token_of, ends_at, is_cross_site, is_https
from controller.handlers.access import sessions
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.access.sessions import find_session, user_of_link
from controller.store.audit import Actor as AuditedActor
from shared.errors import Unauthenticated
from shared.http import request_id_of

router = APIRouter(tags=["session"])
open_router = APIRouter(tags=["session"])
"""Routes that need no token."""


class SessionView(BaseModel):
    """A session, and whose it is."""

    user: str
    is_admin: bool
    roles: dict[str, Role] = Field(description="By project, those that an identity provider grants among them.")
    csrf_token: str = Field(description="Every request but GET carries it: `X-Penstock-Session`.")
    expires_at: datetime = Field(description="When it ends unless it is used before.")
    version: str = Field(description="Of the control plane.")
    public_url: str = Field(description="Base URL of services as callers reach them.")
    mlflow_url: str = Field(description="URL of the MLflow tracking server as people reach it.")


class ProviderView(BaseModel):
    """Where signing in at the identity provider begins."""

    url: str


class SignInOptionsView(BaseModel):
    """How one can sign in, besides by token and link."""

    oidc: ProviderView | None = Field(description="None: no identity provider is configured for it.")
    is_signed_in: bool = Field(description="Whether the request's cookie names a session that has not ended.")


class SignInLinkView(BaseModel):
    """A link that opens one session, once."""

    url: str
    expires_at: datetime


@open_router.post("/session", response_model=SessionView)
async def sign_in(command: SignIn, request: Request, deps: Dependencies) -> Response:
    """Open a session with a token or a sign-in link, and set its cookie. Needs no token of its own."""
    require_same_origin(request.scope, deps.console_url)
    if command.token is not None:
        principal = await deps.authenticator.authenticate(command.token)
        async with deps.unit_of_work(who_signs_in(request, principal.name)) as unit:
            await _close_earlier(unit, request)
            secret = await sessions.open_session(unit, principal)
    else:
        link = command.link or ""
        async with deps.read_session() as session:
            user = await user_of_link(session, digest(link))
        async with deps.unit_of_work(who_signs_in(request, user.name if user else "")) as unit:
            secret, principal = await sessions.open_session_by_link(unit, link)
            await _close_earlier(unit, request)
    answer = await _session_answer(deps, principal, secret)
    set_session_cookie(answer, request, deps, secret)
    return answer


@router.get("/session", response_model=SessionView)
async def read_session(request: Request, deps: Dependencies, principal: CurrentPrincipal) -> Response:
    """The session that the request's cookie names; 401 where there is none, though a token was given."""
    return await _session_answer(deps, principal, _session_of(request))


@router.delete("/session", status_code=204)
async def sign_out(
    request: Request,
    deps: Dependencies,
    actor: Actor,
    principal: CurrentPrincipal,
    everywhere: Annotated[bool, Query(description="Every session of the caller's, and links not yet used.")] = False,
) -> Response:
    """End the session, or with `everywhere` all of the caller's (which a token may ask for too)."""
    secret = None if everywhere else _session_of(request)
    async with deps.unit_of_work(actor) as unit:
        if secret is None:
            await sessions.close_all_sessions(unit, principal)
        else:
            await sessions.close_session(unit, secret)
    answer = Response(status_code=204)
    answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
    return answer


@open_router.get("/session/options", response_model=SignInOptionsView)
async def read_sign_in_options(request: Request, deps: Dependencies) -> SignInOptionsView:
    """How one can sign in, besides by token and link, and whether one is signed in. Needs no token."""
    oidc = ProviderView(url=f"{SESSION_PATH}/oidc") if deps.provider else None
    return SignInOptionsView(oidc=oidc, is_signed_in=await _is_signed_in(request, deps))


@router.post("/session/links", status_code=201, response_model=SignInLinkView)
async def create_sign_in_link(
    request: Request, deps: Dependencies, post: PostRequest, principal: CurrentPrincipal
) -> Response:
    """Make a link that signs the caller in once, in whatever browser opens it within ten minutes."""

    async def work(unit: UnitOfWork, _: None) -> SignInLinkView:
        secret, expires_at = await sessions.make_link(unit, principal)
        return SignInLinkView(url=f"{console_url_of(request, deps)}/#/sign-in?link={secret}", expires_at=expires_at)

    return await post.run_once(None, work, no_preparation)


def set_session_cookie(answer: Response, request: Request, deps: Dependencies, secret: str) -> None:
    """Have the browser keep the session until it is closed; no script reads it, and no other site sends it."""
    answer.set_cookie(
        SESSION_COOKIE, secret, path="/", httponly=True, samesite="strict", secure=is_over_tls(request, deps)
    )


def console_url_of(request: Request, deps: Dependencies) -> str:
    """Where browsers reach the console: as configured, else where this request was sent to."""
    if deps.console_url is not None:
        return deps.console_url
    return f"{'https' if is_over_tls(request, deps) else 'http'}://{request.headers['host']}"


def is_over_tls(request: Request, deps: Dependencies) -> bool:
    """Whether the browser reaches the console over TLS."""
    return is_https(request.scope["scheme"], request.headers.get("x-forwarded-proto"), deps.console_url)


async def _is_signed_in(request: Request, deps: ApiDependencies) -> bool:
    secret = session_cookie(request.scope)
    if secret is None or is_cross_site(request.headers.get("sec-fetch-site")):
        return False
    try:
        await deps.authenticator.authenticate_session(secret, is_use=False)
    except Unauthenticated:
        return False
    return True


def _session_of(request: Request) -> str:
    secret: str | None = getattr(request.state, "session", None)
    if secret is None:
        raise Unauthenticated("This request has no session")
    return secret


def who_signs_in(request: Request, name: str) -> AuditedActor:
    """For the audit log: nobody is known yet who sends the request."""
    return AuditedActor(name, request.scope["route"].name, request_id_of(request))


async def _close_earlier(unit: UnitOfWork, request: Request) -> None:
    """End the session that the browser had: it forgets its cookie now."""
    earlier = session_cookie(request.scope)
    if earlier is not None:
        await sessions.close_session(unit, earlier)


async def _session_answer(deps: Dependencies, principal: Principal, secret: str) -> Response:
    async with deps.read_session() as session:
        row = await find_session(session, digest(secret))
    if row is None:
        raise Unauthenticated("The session has ended: sign in again")
    answer = json_answer(
        SessionView(
            user=principal.name,
            is_admin=principal.is_admin,
            roles=dict(principal.roles),
            csrf_token=csrf_token_of(secret),
            expires_at=ends_at(row.seen_at, row.expires_at),
            version=version("penstock-controller"),
            public_url=deps.public_url,
            mlflow_url=deps.mlflow_url,
        )
    )
    answer.headers["cache-control"] = "no-store"
    return answer
