"""`/dead-letters`: messages that a consumer gave up on, with the reason; each can be handed to it again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from nats.js import JetStreamContext
from pydantic import BaseModel

from controller.api.dependencies import ApiDependencies, Dependencies
from controller.api.idempotency import PostRequest
from controller.api.pagination import Page, PageSize
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.audit import AuditedResource, record_action
from shared.bus.consumers import dead_letters
from shared.errors import Unavailable

router = APIRouter(tags=["dead letters"])

LetterId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class DeadLetterView(BaseModel):
    """One message; `body` is its text, whatever does not decode replaced."""

    id: str
    consumer: str
    subject: str
    reason: str
    at: datetime | None
    headers: dict[str, str]
    body: str


class ReplayView(BaseModel):
    """A dead letter that its consumer has now acted on."""

    id: str
    replayed: bool = True


@router.get("/dead-letters", response_model=Page[DeadLetterView])
async def list_dead_letters(
    deps: Dependencies,
    page_size: PageSize = 100,
    cursor: Annotated[int, Query(ge=0, le=2**63 - 1, description="`next_cursor` of the page before.")] = 0,
) -> Page[DeadLetterView]:
    """Dead letters, oldest first."""
    letters = await dead_letters.list_letters(jetstream(deps), after=cursor, limit=page_size)
    following = str(letters[-1].id) if len(letters) == page_size else None
    return Page(items=[_view(letter) for letter in letters], next_cursor=following)


@router.post("/dead-letters/{letter_id}/replay", response_model=ReplayView)
async def replay_dead_letter(letter_id: LetterId, post: PostRequest) -> Response:
    """Have the consumer that gave up on it try again; what it raises is the answer. Repeats have no second effect."""

    async def replayed() -> None:
        jetstream(post.deps)
        await post.deps.bus.replay_dead_letter(letter_id)

    async def work(unit: UnitOfWork, _: None) -> ReplayView:
        record_action(unit.session, post.actor, unit.now, AuditedResource("dead letter", str(letter_id)), "replayed")
        return ReplayView(id=str(letter_id))

    return await post.run_once(None, work, replayed, 200)


def jetstream(deps: ApiDependencies) -> JetStreamContext:
    """The bus' streams; `Unavailable` while it is away."""
    if not deps.bus.is_connected:
        raise Unavailable("The bus is away")
    return deps.bus.js


def _view(letter: dead_letters.DeadLetter) -> DeadLetterView:
    return DeadLetterView(
        id=str(letter.id),
        consumer=letter.consumer,
        subject=letter.subject,
        reason=letter.reason,
        at=letter.at,
        headers=letter.headers,
        body=letter.body.decode(errors="replace"),
    )
