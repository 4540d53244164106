"""What every route is handed: the parts of the service, units of work, idempotence, preconditions, cursors."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from controller.clients.router import RouterClient
from controller.domain.access import Caller
from controller.domain.sealing import Seal, seal_for
from controller.domain.secrets import Vault
from controller.domain.tickets import TicketSigner
from controller.handlers.registries import Registries
from controller.handlers.unit import Rules, Unit
from controller.store.answers import first_answer, keep_answer
from controller.store.audit import Actor as AuditedActor
from controller.store.audit import audit
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.base import Contract
from shared.contracts.rpc.method import RpcMethod
from shared.database import Database
from shared.errors import Conflict, PreconditionFailed
from shared.http import request_id_of

Prepared = TypeVar("Prepared")
Reply = TypeVar("Reply", bound=Contract)

_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"\Z')


@dataclass(frozen=True)
class Door:
    """The parts that routes work with."""

    database: Database
    bus: Bus
    registries: Registries
    vault: Vault
    data_plane: RouterClient
    signer: TicketSigner
    clock: Clock
    rules: Rules
    public_url: str
    routes_changed: Callable[[str], None]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def unit(self, actor: AuditedActor) -> AsyncIterator[Unit]:
        """One audited transaction; it is committed when the block ends, before the answer leaves."""
        now = self.clock.now()
        try:
            async with self.database.unit_of_work() as session:
                audit(session, actor, now)
                yield Unit(session, now, actor.name, self.rules, self.routes_changed)
        except IntegrityError as race:
            raise Conflict("Somebody else changed this at the same moment; look again") from race

    @asynccontextmanager
    async def look(self) -> AsyncIterator[AsyncSession]:
        """A read-only look, which neither waits for a writer nor holds one up."""
        async with self.database.read() as session:
            yield session

    async def ask(self, method: RpcMethod, question: Contract, reply: type[Reply], *, within_s: float = 2.0) -> Reply:
        """Ask the service that owns the answer; `Unavailable` while it is away."""
        answer = await self.bus.call(method, question, timeout=within_s)
        assert isinstance(answer, reply)
        return answer


def door_of(request: Request) -> Door:
    """The app's door."""
    door: Door = request.app.state.door
    return door


def caller_of(request: Request) -> Caller:
    """Who asks, as the gate found out."""
    caller: Caller = request.state.caller
    return caller


def actor_of(request: Request) -> AuditedActor:
    """Who changes something by this request, for the audit log."""
    return AuditedActor(caller_of(request).name, request.scope["route"].name, request_id_of(request))


def if_match(if_match: Annotated[str | None, Header()] = None) -> frozenset[int] | None:
    """Revisions that `If-Match` allows; None when it is absent or `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = [_ETAG.match(tag.strip()) for tag in if_match.split(",")]
    return frozenset(int(tag[1]) for tag in tags if tag)


TheDoor = Annotated[Door, Depends(door_of)]
TheCaller = Annotated[Caller, Depends(caller_of)]
Actor = Annotated[AuditedActor, Depends(actor_of)]
IfMatch = Annotated[frozenset[int] | None, Depends(if_match)]
PageSize = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=512)]


def json_answer(view: BaseModel, status_code: int = 200) -> Response:
    """`view` as an answer, with its `ETag` where it has a revision."""
    answer = Response(view.model_dump_json().encode(), status_code, media_type="application/json")
    if (revision := getattr(view, "revision", None)) is not None:
        answer.headers["etag"] = f'"{revision}"'
    return answer


async def nothing() -> None:
    """The preparation of a POST that needs none."""


@dataclass(frozen=True)
class Post:
    """A POST that may be repeated: with an `Idempotency-Key` the first answer is given again, whatever has changed."""

    door: Door
    actor: AuditedActor
    method: str
    path: str
    token: str
    idempotency_key: str | None

    async def once(
        self,
        body: BaseModel | None,
        work: Callable[[Unit, Prepared], Awaitable[BaseModel]],
        prepare: Callable[[], Awaitable[Prepared]],
        status_code: int = 201,
    ) -> Response:
        """Do `work` in one transaction after `prepare` (which asks other systems, outside it)."""
        seal = self._seal()
        digest = _digest(self.token, body)
        if seal is not None and (again := await self._again(seal, digest)):
            return again
        prepared = await prepare()
        try:
            async with self.door.unit(self.actor) as unit:
                if seal is not None and (first := await first_answer(unit.session, seal, digest)):
                    return _replayed(*first)
                answer = json_answer(await work(unit, prepared), status_code)
                if seal is not None:
                    await keep_answer(unit.session, seal, digest, (status_code, bytes(answer.body)), unit.now)
        except (Conflict, PreconditionFailed):
            # Perhaps with itself: the same request, sent twice at once, was answered while this one was at work.
            if seal is not None and (again := await self._again(seal, digest)):
                return again
            raise
        return answer

    def _seal(self) -> Seal | None:
        if self.idempotency_key is None:
            return None
        return seal_for(self.token, self.method, self.path, self.idempotency_key)

    async def _again(self, seal: Seal, digest: str) -> Response | None:
        async with self.door.look() as session:
            first = await first_answer(session, seal, digest)
        return _replayed(*first) if first else None


def _digest(token: str, body: BaseModel | None) -> str:
    """Tells one body from another; keyed, since a body may hold a password that somebody could guess."""
    return hmac.new(token.encode(), body.model_dump_json().encode() if body else b"", hashlib.sha256).hexdigest()


def _replayed(status_code: int, body: bytes) -> Response:
    return Response(body, status_code, {"idempotent-replayed": "true"}, media_type="application/json")


def post_of(
    request: Request, door: TheDoor, actor: Actor, idempotency_key: Annotated[str | None, Header()] = None
) -> Post:
    """The request as a repeatable POST."""
    return Post(door, actor, request.method, request.url.path, request.state.token, idempotency_key)


Posting = Annotated[Post, Depends(post_of)]
