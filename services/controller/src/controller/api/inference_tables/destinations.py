"""`/destinations`: where inference tables may lie, and how each of these places does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from controller.api.dependencies import Actor, ApiDependencies, CurrentPrincipal, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Page
from controller.domain.access.roles import Principal, Role
from controller.domain.inference_tables.destinations import DestinationDefinition, NewDestination
from controller.handlers.inference_tables import destinations
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.inference_tables.destinations import every_destination, load_destination
from controller.store.tables import DestinationRow
from shared.contracts.rpc.inference_logger.tables import (
    DESTINATION_STATES,
    TEST_DESTINATION,
    DestinationHealth,
    DestinationQuery,
    DestinationState,
    DestinationStates,
    DestinationTest,
)
from shared.contracts.rpc.method import Nothing
from shared.errors import NotFound, Temporary

STATES_WITHIN_S = 1.0
TEST_WITHIN_S = 60.0
"""Usually a second or two; a store that hangs is found out within 10 s, one that is slow may take 45."""

router = APIRouter(tags=["destinations"])

DestinationPath = Annotated[str, Path(max_length=63)]


class DestinationView(DestinationHealth):
    """A destination, and how it does as the inference-logger finds it."""

    name: str
    project: str | None = Field(description="Whose it is; null: the installation's, every project may use it.")
    url: str
    endpoint: str | None
    region: str
    path_style: bool
    secret: str | None = Field(description="Name of the secret that holds its credentials.")
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int


@router.post("/destinations", status_code=201, response_model=DestinationView)
async def create_destination(command: NewDestination, post: PostRequest, principal: CurrentPrincipal) -> Response:
    """Define a destination. Needs an administrator; for one of a project, an administrator of that project."""
    _require_admin(principal, command.project, f"There is no project {command.project!r}")

    async def work(unit: UnitOfWork, _: None) -> DestinationView:
        return _view(await destinations.create_destination(unit, command))

    return await post.run_once(command, work, no_preparation)


@router.get("/destinations", response_model=Page[DestinationView])
async def list_destinations(deps: Dependencies, principal: CurrentPrincipal) -> Page[DestinationView]:
    """The installation's destinations and those of the caller's projects, by name."""
    async with deps.read_session() as session:
        rows = await every_destination(session, principal.projects)
    states = await _states(deps)
    return Page(items=[_view(row, states.get(row.name)) for row in rows])


@router.get("/destinations/{destination}", response_model=DestinationView)
async def read_destination(destination: DestinationPath, deps: Dependencies, principal: CurrentPrincipal) -> Response:
    """One destination."""
    async with deps.read_session() as session:
        row = _visible(await load_destination(session, destination), principal)
    return json_answer(_view(row, (await _states(deps)).get(row.name)))


@router.put("/destinations/{destination}", response_model=DestinationView)
async def replace_destination(
    destination: DestinationPath,
    command: DestinationDefinition,
    *,
    deps: Dependencies,
    actor: Actor,
    principal: CurrentPrincipal,
    allowed: IfMatch,
) -> Response:
    """Define it anew; its `url` may change only while no version uses it. Needs who may create it."""
    async with deps.unit_of_work(actor) as unit:
        row = await _editable(unit, destination, principal)
        require_revision(allowed, row.revision)
        await destinations.replace_destination(unit, row, command)
        return json_answer(_view(row))


@router.delete("/destinations/{destination}", status_code=204)
async def delete_destination(
    destination: DestinationPath, deps: Dependencies, actor: Actor, principal: CurrentPrincipal, allowed: IfMatch
) -> Response:
    """Forget a destination that no version uses; its tables stay where they are. Needs who may create it."""
    async with deps.unit_of_work(actor) as unit:
        row = await _editable(unit, destination, principal)
        require_revision(allowed, row.revision)
        await destinations.delete_destination(unit, row)
    return Response(status_code=204)


@router.post("/destinations/{destination}/test", response_model=DestinationTest)
async def check_destination(
    destination: DestinationPath, deps: Dependencies, principal: CurrentPrincipal
) -> DestinationTest:
    """Write, read and remove an object there, and try conditional writes: says what is wrong. Needs who may create it.

    It may take 10 s where the store does not answer, and longer where it is slow.
    """
    async with deps.read_session() as session:
        row = _visible(await load_destination(session, destination), principal)
    _require_admin(principal, row.project, f"There is no destination {row.name!r}")
    return await deps.call(TEST_DESTINATION, DestinationQuery(name=row.name), DestinationTest, within_s=TEST_WITHIN_S)


async def _editable(unit: UnitOfWork, name: str, principal: Principal) -> DestinationRow:
    row = _visible(await load_destination(unit.session, name, for_update=True), principal)
    _require_admin(principal, row.project, f"There is no destination {row.name!r}")
    return row


def _require_admin(principal: Principal, project: str | None, missing: str) -> None:
    if project is None:
        principal.require_admin()
    else:
        principal.require_role(Role.ADMIN, project, missing)


def _visible(row: DestinationRow, principal: Principal) -> DestinationRow:
    if row.project is not None and not principal.may_see(row.project):
        raise NotFound(f"There is no destination {row.name!r}")
    return row


async def _states(deps: ApiDependencies) -> dict[str, DestinationState]:
    """What the logger says of each; nothing while it is away."""
    try:
        found = await deps.call(DESTINATION_STATES, Nothing(), DestinationStates, within_s=STATES_WITHIN_S)
    except Temporary:
        return {}
    return {state.name: state for state in found.items}


def _view(row: DestinationRow, state: DestinationState | None = None) -> DestinationView:
    said = state.model_dump(exclude={"name"}) if state is not None else {}
    return DestinationView(**row.model_dump(), **said)
