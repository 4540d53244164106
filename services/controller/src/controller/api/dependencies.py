"""What FastAPI injects into routes: the service's dependencies, the principal, the actor, preconditions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from controller.clients.oidc_sign_in import OidcSignIn
from controller.clients.router import RouterClient
from controller.domain.access.roles import Principal
from controller.domain.changes import ChangeLog
from controller.domain.platform import KnownProcesses
from controller.domain.registries.secrets import Vault
from controller.domain.services.debug_tickets import TicketSigner
from controller.domain.services.terminals import TerminalTickets
from controller.handlers.access.authentication import Authenticator
from controller.handlers.registries.registries import ModelRegistries
from controller.handlers.unit_of_work import InstallationLimits, UnitOfWork
from controller.store.audit import Actor as AuditedActor
from controller.store.audit import audit_changes
from controller.store.services.services import load_service
from shared.bus import PATIENCE_S, Bus
from shared.clock import Clock
from shared.contracts.base import Contract
from shared.contracts.rpc.method import RpcMethod
from shared.database import Database
from shared.errors import Conflict, Temporary
from shared.http import request_id_of

Reply = TypeVar("Reply", bound=Contract)

_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"\Z')


@dataclass(frozen=True)
class ApiDependencies:
    """What routes work with: database, bus, clients of other systems, and the limits of the installation."""

    database: Database
    bus: Bus
    registries: ModelRegistries
    vault: Vault
    data_plane: RouterClient
    signer: TicketSigner
    authenticator: Authenticator
    clock: Clock
    limits: InstallationLimits
    public_url: str
    mlflow_url: str
    routes_changed: Callable[[str], None]
    changes: ChangeLog
    known_processes: KnownProcesses
    registry_changed: Callable[[], None] = lambda: None
    """The registry may have changed: what awaits something of it looks now."""
    console_url: str | None = None
    provider: OidcSignIn | None = None
    terminals: TerminalTickets = field(default_factory=TerminalTickets)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def unit_of_work(self, actor: AuditedActor, *, dry_run: bool = False) -> AsyncIterator[UnitOfWork]:
        """One audited transaction; it is committed when the block ends, before the answer leaves.

        `dry_run`: it is undone then. Refusals are the same, nothing is stored or published.
        """
        now = self.clock.now()
        try:
            async with self.database.unit_of_work() as session:
                audit_changes(session, actor, now)
                yield UnitOfWork(session, now, actor.name, self.limits, self.routes_changed)
                if dry_run:
                    await session.rollback()
        except IntegrityError as race:
            raise Conflict("Somebody else changed this at the same moment; look again") from race

    @asynccontextmanager
    async def read_session(self) -> AsyncIterator[AsyncSession]:
        """A read-only session, which neither waits for a writer nor blocks one."""
        async with self.database.read() as session:
            yield session

    async def call(
        self, method: RpcMethod, query: Contract, reply: type[Reply], *, within_s: float = PATIENCE_S
    ) -> Reply:
        """Call another service over the bus; `Unavailable` while it is away."""
        answer = await self.bus.call(method, query, timeout=within_s)
        assert isinstance(answer, reply)
        return answer

    async def try_call(
        self, method: RpcMethod, query: Contract, reply: type[Reply], *, within_s: float = 2.0
    ) -> Reply | None:
        """The same for what an answer can do without: None while the other service is away."""
        try:
            return await self.call(method, query, reply, within_s=within_s)
        except Temporary:
            return None


def dependencies_of(request: Request) -> ApiDependencies:
    """The app's dependencies."""
    found: ApiDependencies = request.app.state.dependencies
    return found


def principal_of(request: Request) -> Principal:
    """Who sends the request, as `AuthMiddleware` found out."""
    principal: Principal = request.state.principal
    return principal


def actor_of(request: Request) -> AuditedActor:
    """Who changes something by this request, for the audit log."""
    return AuditedActor(principal_of(request).name, request.scope["route"].name, request_id_of(request))


def if_match(if_match: Annotated[str | None, Header()] = None) -> frozenset[int] | None:
    """Revisions that `If-Match` allows; None when it is absent or `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = [_ETAG.match(tag.strip()) for tag in if_match.split(",")]
    return frozenset(int(tag[1]) for tag in tags if tag)


Dependencies = Annotated[ApiDependencies, Depends(dependencies_of)]
CurrentPrincipal = Annotated[Principal, Depends(principal_of)]
Actor = Annotated[AuditedActor, Depends(actor_of)]
DryRun = Annotated[
    bool, Query(description="Say what would change, and whether pods are replaced; refuse as ever; store nothing.")
]
IfMatch = Annotated[frozenset[int] | None, Depends(if_match)]


def json_answer(view: BaseModel, status_code: int = 200) -> Response:
    """`view` as an answer, with its `ETag` where it has a revision."""
    answer = Response(view.model_dump_json().encode(), status_code, media_type="application/json")
    if (revision := getattr(view, "revision", None)) is not None:
        answer.headers["etag"] = f'"{revision}"'
    return answer


async def must_exist(deps: ApiDependencies, service: str, version: str | None) -> None:
    """Raise `NotFound` unless there is this service, and this version of it."""
    async with deps.read_session() as session:
        stored = await load_service(session, service)
        if version is not None:
            stored.version(version)
