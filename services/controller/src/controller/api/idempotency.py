"""POSTs that may be repeated: with an `Idempotency-Key` the first answer is given again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from controller.api.dependencies import Actor, ApiDependencies, Dependencies, json_answer
from controller.domain.idempotency import AnswerSeal, answer_seal
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.audit import Actor as AuditedActor
from controller.store.idempotency import load_answer, store_answer
from shared.errors import Conflict, PreconditionFailed

Prepared = TypeVar("Prepared")


async def no_preparation() -> None:
    """The preparation of a POST that needs none."""


@dataclass(frozen=True)
class IdempotentPost:
    """A POST that may be repeated: with an `Idempotency-Key` the first answer is given again, whatever has changed."""

    deps: ApiDependencies
    actor: AuditedActor
    method: str
    path: str
    token: str
    idempotency_key: str | None

    async def run_once(
        self,
        body: BaseModel | None,
        work: Callable[[UnitOfWork, Prepared], Awaitable[BaseModel]],
        prepare: Callable[[], Awaitable[Prepared]],
        status_code: int = 201,
    ) -> Response:
        """Do `work` in one transaction after `prepare` (which asks other systems, outside it)."""
        seal = self._seal()
        digest = _digest(self.token, body)
        if seal is not None and (again := await self._first_answer(seal, digest)):
            return again
        prepared = await prepare()
        try:
            async with self.deps.unit_of_work(self.actor) as unit:
                if seal is not None and (first := await load_answer(unit.session, seal, digest)):
                    return _replayed(*first)
                answer = json_answer(await work(unit, prepared), status_code)
                if seal is not None:
                    await store_answer(unit.session, seal, digest, (status_code, bytes(answer.body)), unit.now)
        except (Conflict, PreconditionFailed):
            # Perhaps with itself: the same request, sent twice at once, was answered while this one was at work.
            if seal is not None and (again := await self._first_answer(seal, digest)):
                return again
            raise
        return answer

    def _seal(self) -> AnswerSeal | None:
        if self.idempotency_key is None:
            return None
        return answer_seal(self.token, self.method, self.path, self.idempotency_key)

    async def _first_answer(self, seal: AnswerSeal, digest: str) -> Response | None:
        async with self.deps.read_session() as session:
            first = await load_answer(session, seal, digest)
        return _replayed(*first) if first else None


def _digest(token: str, body: BaseModel | None) -> str:
    """Tells one body from another; keyed, since a body may hold a password that somebody could guess."""
    return hmac.new(token.encode(), body.model_dump_json().encode() if body else b"", hashlib.sha256).hexdigest()


def _replayed(status_code: int, body: bytes) -> Response:
    return Response(body, status_code, {"idempotent-replayed": "true"}, media_type="application/json")


def post_of(
    request: Request, deps: Dependencies, actor: Actor, idempotency_key: Annotated[str | None, Header()] = None
) -> IdempotentPost:
    """The request as a repeatable POST."""
    return IdempotentPost(deps, actor, request.method, request.url.path, request.state.token, idempotency_key)


PostRequest = Annotated[IdempotentPost, Depends(post_of)]
