"""`/channels`: where alerts are told, how each does, and a test of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from controller.api.alerting.ownership import require, require_visible
from controller.api.dependencies import Actor, ApiDependencies, CurrentPrincipal, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Page
from controller.domain.access.roles import Principal, Role
from controller.domain.alerting.channels import ChannelCommand, NewChannel, RouteCommand
from controller.handlers.alerting import channels
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.alerting.definitions import load_channel, visible_channels
from controller.store.audit import AuditedResource, record_action
from controller.store.tables import ChannelRow
from shared.contracts.alerting.alerts import ChannelHealth, ChannelHealths, ChannelTest, ChannelTestQuery
from shared.contracts.alerting.channels import ChannelKind, Language
from shared.contracts.rpc.alerts import CHANNEL_HEALTHS, TEST_CHANNEL
from shared.contracts.rpc.method import Nothing
from shared.errors import Temporary

STATES_WITHIN_S = 1.0
TEST_WITHIN_S = 30.0
"""A receiver that hangs is found out within 15 s."""

router = APIRouter(tags=["alerts"])

ChannelPath = Annotated[str, Path(max_length=63)]


class ChannelView(BaseModel):
    """A channel, and how it does as the monitor finds it. Its credentials are never shown."""

    id: UUID
    name: str
    project: str | None = Field(description="Whose it is; null: the installation's.")
    kind: ChannelKind
    language: Language
    time_zone: str
    options: dict[str, Any]
    secret: str | None = Field(description="Name of the secret that holds its credentials.")
    route: RouteCommand
    paused: bool
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int
    state: Literal["ok", "failing", "dead", "unknown"] = Field(
        default="unknown", description="dead: it takes nothing until it is changed, see `reason`; unknown: never used."
    )
    reason: str | None = Field(default=None, description="What its receiver answered, in one sentence.")
    since: datetime | None = Field(default=None, description="Since when it fails.")
    waiting: int = Field(default=0, description="Deliveries that wait.")
    oldest_waiting_at: datetime | None = None
    last_sent_at: datetime | None = None


@router.post("/channels", status_code=201, response_model=ChannelView)
async def create_channel(command: NewChannel, post: PostRequest, principal: CurrentPrincipal) -> Response:
    """Define a channel. Needs an administrator of its project; without one, of the installation."""
    require(principal, Role.ADMIN, command.project, f"There is no project {command.project!r}")

    async def work(unit: UnitOfWork, _: None) -> ChannelView:
        return _view(await channels.create_channel(unit, post.deps.vault, command))

    return await post.run_once(command, work, no_preparation)


@router.get("/channels", response_model=Page[ChannelView])
async def list_channels(deps: Dependencies, principal: CurrentPrincipal) -> Page[ChannelView]:
    """The installation's channels and those of the caller's projects, by name."""
    async with deps.read_session() as session:
        rows = await visible_channels(session, principal.projects)
    states = await _states(deps) if rows else {}
    return Page(items=[_view(row, states.get(row.id)) for row in rows])


@router.get("/channels/{channel}", response_model=ChannelView)
async def read_channel(channel: ChannelPath, deps: Dependencies, principal: CurrentPrincipal) -> Response:
    """One channel."""
    async with deps.read_session() as session:
        row = _visible(await load_channel(session, channel), principal)
    return json_answer(_view(row, (await _states(deps)).get(row.id)))


@router.put("/channels/{channel}", response_model=ChannelView)
async def replace_channel(
    channel: ChannelPath,
    command: ChannelCommand,
    *,
    deps: Dependencies,
    actor: Actor,
    principal: CurrentPrincipal,
    allowed: IfMatch,
) -> Response:
    """Define it anew; one that was dead is tried again. Needs who may create it."""
    async with deps.unit_of_work(actor) as unit:
        row = await _editable(unit, channel, principal)
        require_revision(allowed, row.revision)
        await channels.replace_channel(unit, deps.vault, row, command)
        return json_answer(_view(row))


@router.delete("/channels/{channel}", status_code=204)
async def delete_channel(
    channel: ChannelPath, deps: Dependencies, actor: Actor, principal: CurrentPrincipal, allowed: IfMatch
) -> Response:
    """Forget a channel; what waits for it is dropped. Needs who may create it."""
    async with deps.unit_of_work(actor) as unit:
        row = await _editable(unit, channel, principal)
        require_revision(allowed, row.revision)
        await unit.session.delete(row)
    return Response(status_code=204)


@router.post("/channels/{channel}/test", response_model=ChannelTest)
async def send_test(channel: ChannelPath, deps: Dependencies, actor: Actor, principal: CurrentPrincipal) -> ChannelTest:
    """Send a test message now: says what the receiver answered. It may take 15 s. Needs who may create the channel."""
    async with deps.unit_of_work(actor) as unit:
        row = _visible(await load_channel(unit.session, channel), principal)
        require(principal, Role.ADMIN, row.project, f"There is no channel {row.name!r}")
        routed = await channels.testable_channel(unit.session, row)
        record_action(unit.session, actor, unit.now, AuditedResource("channel", row.name, row.project), "tested")
    query = ChannelTestQuery(routed=routed, by=principal.name)
    return await deps.call(TEST_CHANNEL, query, ChannelTest, within_s=TEST_WITHIN_S)


async def _editable(unit: UnitOfWork, name: str, principal: Principal) -> ChannelRow:
    row = _visible(await load_channel(unit.session, name, for_update=True), principal)
    require(principal, Role.ADMIN, row.project, f"There is no channel {row.name!r}")
    return row


def _visible(row: ChannelRow, principal: Principal) -> ChannelRow:
    require_visible(principal, row.project, f"There is no channel {row.name!r}")
    return row


async def _states(deps: ApiDependencies) -> dict[UUID, ChannelHealth]:
    """What the monitor says of each; nothing while it is away."""
    try:
        found = await deps.call(CHANNEL_HEALTHS, Nothing(), ChannelHealths, within_s=STATES_WITHIN_S)
    except Temporary:
        return {}
    return {health.id: health for health in found.items}


def _view(row: ChannelRow, health: ChannelHealth | None = None) -> ChannelView:
    said = health.model_dump(exclude={"id"}) if health is not None else {}
    return ChannelView(**row.model_dump(exclude={"route"}), route=RouteCommand.model_validate(row.route), **said)
