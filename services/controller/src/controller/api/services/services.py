"""`/services`: create, list, read, edit, start, stop, restart, delete, and the split over their versions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from controller.api.dependencies import (
    Actor,
    ApiDependencies,
    CurrentPrincipal,
    Dependencies,
    DryRun,
    IfMatch,
    json_answer,
)
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Cursor, Page, PageSize, cursor_after, cursor_of_page, cursor_position
from controller.api.services.sources import group_of, require_images, resolve_source
from controller.api.services.views import (
    ServiceView,
    TrafficView,
    UpdatePreview,
    service_view,
    traffic_view,
    update_preview,
)
from controller.domain.access.roles import Role
from controller.domain.registries.models import ResolvedSource
from controller.domain.services.service_commands import NewService, ServiceChange, Split
from controller.domain.services.status import ServiceStatus
from controller.handlers.services import services, traffic
from controller.handlers.services.dry_run import changes_of_service, changes_of_split, replaces_pods, state_of
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.services.listing import PagePosition, ServiceFilter, page_of_services
from controller.store.services.services import StoredService, load_service
from shared.contracts.deployment import ImageSource

router = APIRouter(tags=["services"])


@router.post("/services", status_code=201, response_model=ServiceView)
async def create_service(command: NewService, post: PostRequest, principal: CurrentPrincipal) -> Response:
    """Create a service with its first version in the same call; `start` starts it. Needs an editor of its project."""
    principal.require_role(Role.EDITOR, command.project, f"There is no project {command.project!r}")

    async def work(unit: UnitOfWork, source: ResolvedSource | None) -> ServiceView:
        created = await services.create_service(unit, command, source, may_take_over=principal.is_admin)
        return service_view(created, post.deps.public_url)

    return await post.run_once(command, work, lambda: _resolved(post.deps, command))


@router.get("/services", response_model=Page[ServiceView])
async def list_services(
    deps: Dependencies,
    principal: CurrentPrincipal,
    *,
    project: str | None = None,
    type: str | None = None,  # noqa: A002  (the field's name on the wire)
    status: ServiceStatus | None = None,
    creator: str | None = None,
    search: Annotated[str | None, Query(max_length=256, description="A word in the name or description.")] = None,
    tag: Annotated[str | None, Query(max_length=513, description="`key:value`, or `key` with any value.")] = None,
    sort: Annotated[Literal["created_at", "-created_at"], Query(description="`-`: newest first.")] = "-created_at",
    page_size: PageSize = 50,
    cursor: Cursor = None,
) -> Page[ServiceView]:
    """Services, by their creation; newest first unless asked otherwise."""
    wanted = ServiceFilter(principal.projects, project, type, creator, search, tag, status)
    position = PagePosition(cursor_position(cursor), is_oldest_first=sort == "created_at")
    async with deps.read_session() as session:
        found = await page_of_services(session, wanted, position, page_size + 1)
        following = cursor_of_page(found, page_size, lambda service: cursor_after(service.row.id))
        shown = [service_view(service, deps.public_url) for service in found[:page_size]]
        return Page(items=shown, next_cursor=following)


@router.get("/services/{service}", response_model=ServiceView)
async def read_service(service: str, deps: Dependencies) -> Response:
    """One service with its versions."""
    async with deps.read_session() as session:
        return json_answer(service_view(await load_service(session, service), deps.public_url))


@router.patch("/services/{service}", response_model=ServiceView | UpdatePreview)
async def change_service(
    service: str,
    change: ServiceChange,
    *,
    deps: Dependencies,
    actor: Actor,
    allowed: IfMatch,
    dry_run: DryRun = False,
) -> Response:
    """Edit it; log delivery reaches all its versions, resources its only active one."""
    await _check_images(deps, service, change)
    async with deps.unit_of_work(actor, dry_run=dry_run) as unit:
        stored = await _for_change(unit, service, allowed)
        before = state_of(stored) if dry_run else None
        await services.change_service(unit, stored, change)
        if before is not None:
            after = state_of(stored)
            changes = changes_of_service(before, after)
            return json_answer(update_preview(changes, replaces_pods=replaces_pods(before, after)))
        return json_answer(service_view(stored, deps.public_url))


@router.delete("/services/{service}", status_code=204)
async def delete_service(
    service: str, deps: Dependencies, actor: Actor, allowed: IfMatch, purge_tables: bool = False
) -> Response:
    """Remove a stopped service with its versions, routes and keys (`purge_tables`: and its tables), for good."""
    async with deps.unit_of_work(actor) as unit:
        stored = await _for_change(unit, service, allowed)
        await services.delete_service(unit, stored, purge_tables=purge_tables)
    return Response(status_code=204)


@router.post("/services/{service}/start", response_model=ServiceView)
async def start_service(service: str, post: PostRequest, allowed: IfMatch) -> Response:
    """Start the versions that the last stop ended (at first: the newest)."""
    return await _changed(post, service, allowed, services.start_service)


@router.post("/services/{service}/stop", response_model=ServiceView)
async def stop_service(service: str, post: PostRequest, allowed: IfMatch) -> Response:
    """Stop every version; releases every resource."""
    return await _changed(post, service, allowed, services.stop_service)


@router.post("/services/{service}/restart", response_model=ServiceView)
async def restart_service(service: str, post: PostRequest, allowed: IfMatch) -> Response:
    """Replace every pod of its active versions, one after the other; no request fails."""
    return await _changed(post, service, allowed, services.restart_service)


@router.get("/services/{service}/traffic", response_model=TrafficView)
async def read_traffic(service: str, deps: Dependencies) -> Response:
    """The split, as asked for and as it is."""
    async with deps.read_session() as session:
        return json_answer(traffic_view(await load_service(session, service)))


@router.put("/services/{service}/traffic", response_model=TrafficView | UpdatePreview)
async def split_traffic(
    service: str, split: Split, *, deps: Dependencies, actor: Actor, allowed: IfMatch, dry_run: DryRun = False
) -> Response:
    """Set the split over the active versions (the weights sum to 100) and, where it is named, the fallback."""
    async with deps.unit_of_work(actor, dry_run=dry_run) as unit:
        stored = await _for_change(unit, service, allowed)
        before = state_of(stored) if dry_run else None
        await traffic.split_traffic(unit, stored, split)
        if before is not None:
            changes = changes_of_split(before, state_of(stored))
            return json_answer(update_preview(changes, effective=stored.effective_weights()))
        return json_answer(traffic_view(stored))


async def _changed(
    post: PostRequest,
    service: str,
    allowed: frozenset[int] | None,
    change: Callable[[UnitOfWork, StoredService], Awaitable[None]],
) -> Response:
    async def work(unit: UnitOfWork, _: None) -> ServiceView:
        stored = await _for_change(unit, service, allowed)
        await change(unit, stored)
        return service_view(stored, post.deps.public_url)

    return await post.run_once(None, work, no_preparation, 200)


async def _for_change(unit: UnitOfWork, name: str, allowed: frozenset[int] | None) -> StoredService:
    stored = await load_service(unit.session, name, for_update=True)
    require_revision(allowed, stored.row.revision)
    return stored


async def _check_images(deps: ApiDependencies, service: str, change: ServiceChange) -> None:
    """Versions that are made from images need a backend that runs them, wherever they are moved."""
    if change.resource_source is None:
        return
    async with deps.read_session() as session:
        stored = await load_service(session, service)
    images = [ImageSource.model_validate(each.row.image) for each in stored.active() if each.row.image is not None]
    if images:
        await require_images(deps, stored.row.project, group_of(change.resource_source), images)


async def _resolved(deps: ApiDependencies, command: NewService) -> ResolvedSource | None:
    version = command.version
    return (
        None
        if version is None
        else await resolve_source(deps, version.model_source, command.project, group_of(version.resource_source))
    )
