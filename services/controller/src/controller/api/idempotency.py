"""POSTs that may be repeated: with an `Idempotency-Key` the first answer is given again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from controller.api.dependencies import Actor, Door, TheDoor, json_answer
from controller.domain.idempotency import Seal, seal_for
from controller.handlers.unit_of_work import Unit
from controller.store.audit import Actor as AuditedActor
from controller.store.idempotency import first_answer, keep_answer
from shared.errors import Conflict, PreconditionFailed

Prepared = TypeVar("Prepared")


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
