"""`/services/{s}/versions`: create, list, read, edit, start, stop, restart, delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response

from controller.api.dependencies import Actor, ApiDependencies, Dependencies, DryRun, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Cursor, Page, PageSize, cursor_after, cursor_of_page, cursor_position
from controller.api.services.sources import group_of, require_images, resolve_source
from controller.api.services.views import UpdatePreview, VersionView, update_preview, version_view
from controller.domain.registries.models import ResolvedSource
from controller.domain.services.version_commands import NewVersion, Start, Stop, VersionChange
from controller.handlers.services import versions
from controller.handlers.services.dry_run import changes_of_version, replaces_pods, state_of
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.services.services import StoredService, StoredVersion, load_service
from shared.contracts.deployment import ImageSource

router = APIRouter(tags=["versions"])


@router.post("/services/{service}/versions", status_code=201, response_model=VersionView)
async def create_version(service: str, command: NewVersion, post: PostRequest) -> Response:
    """Add a version; `start` starts it with its `traffic_weight`."""

    async def prepare() -> ResolvedSource:
        async with post.deps.read_session() as session:
            project = (await load_service(session, service)).row.project
        return await resolve_source(post.deps, command.model_source, project, group_of(command.resource_source))

    async def work(unit: UnitOfWork, source: ResolvedSource) -> VersionView:
        stored = await load_service(unit.session, service, for_update=True)
        version = await versions.create_version(unit, stored, command, source)
        if command.start:
            await versions.start_version(unit, stored, version)
        return version_view(stored, version)

    return await post.run_once(command, work, prepare)


@router.get("/services/{service}/versions", response_model=Page[VersionView])
async def list_versions(
    service: str, deps: Dependencies, page_size: PageSize = 100, cursor: Cursor = None
) -> Page[VersionView]:
    """Versions, oldest first."""
    async with deps.read_session() as session:
        stored = await load_service(session, service)
        position = cursor_position(cursor)
        found = [version for version in stored.versions if position is None or version.row.id > position]
        return Page(
            items=[version_view(stored, version) for version in found[:page_size]],
            next_cursor=cursor_of_page(found, page_size, lambda version: cursor_after(version.row.id)),
        )


@router.get("/services/{service}/versions/{version}", response_model=VersionView)
async def read_version(service: str, version: str, deps: Dependencies) -> Response:
    """One version; a failed one says why, with the last lines of its log."""
    async with deps.read_session() as session:
        stored = await load_service(session, service)
        return json_answer(version_view(stored, stored.version(version)))


@router.patch("/services/{service}/versions/{version}", response_model=VersionView | UpdatePreview)
async def change_version(
    service: str,
    version: str,
    change: VersionChange,
    *,
    deps: Dependencies,
    actor: Actor,
    allowed: IfMatch,
    dry_run: DryRun = False,
) -> Response:
    """Edit a version; what reaches the pods of an active one makes a new generation."""
    source = await _resolved(deps, service, version, change)
    async with deps.unit_of_work(actor, dry_run=dry_run) as unit:
        stored, found = await _for_change(unit, service, version, allowed)
        before = state_of(stored) if dry_run else None
        await versions.change_version(unit, stored, found, change, source)
        if before is not None:
            after = state_of(stored)
            changes = changes_of_version(before, after, version)
            return json_answer(update_preview(changes, replaces_pods=replaces_pods(before, after)))
        return json_answer(version_view(stored, found))


@router.delete("/services/{service}/versions/{version}", status_code=204)
async def delete_version(service: str, version: str, deps: Dependencies, actor: Actor, allowed: IfMatch) -> Response:
    """Remove a version of which nothing runs, for good."""
    async with deps.unit_of_work(actor) as unit:
        stored, found = await _for_change(unit, service, version, allowed)
        await versions.delete_version(unit, stored, found)
    return Response(status_code=204)


@router.post("/services/{service}/versions/{version}/start", response_model=VersionView)
async def start_version(
    service: str, version: str, post: PostRequest, allowed: IfMatch, options: Start | None = None
) -> Response:
    """Start a version; beside another active one it gets `traffic_weight` (by default the one it was created with)."""

    async def start(unit: UnitOfWork, stored: StoredService, found: StoredVersion) -> None:
        await versions.start_version(unit, stored, found, options.traffic_weight if options else None)

    return await _changed(post, service, version, allowed, start, options=options)


@router.post("/services/{service}/versions/{version}/stop", response_model=VersionView)
async def stop_version(
    service: str, version: str, post: PostRequest, allowed: IfMatch, options: Stop | None = None
) -> Response:
    """Stop a version; `weights` are those of the others, else those with a weight take its share (409: none has)."""

    async def stop(unit: UnitOfWork, stored: StoredService, found: StoredVersion) -> None:
        await versions.stop_version(unit, stored, found, options.weights if options else None)

    return await _changed(post, service, version, allowed, stop, options=options)


@router.post("/services/{service}/versions/{version}/restart", response_model=VersionView)
async def restart_version(service: str, version: str, post: PostRequest, allowed: IfMatch) -> Response:
    """Replace every pod of an active version, one after the other; no request fails."""
    return await _changed(post, service, version, allowed, versions.restart_version)


async def _changed(
    post: PostRequest,
    service: str,
    version: str,
    allowed: frozenset[int] | None,
    change: Callable[[UnitOfWork, StoredService, StoredVersion], Awaitable[None]],
    *,
    options: Start | Stop | None = None,
) -> Response:
    async def work(unit: UnitOfWork, _: None) -> VersionView:
        stored, found = await _for_change(unit, service, version, allowed)
        await change(unit, stored, found)
        return version_view(stored, found)

    return await post.run_once(options, work, no_preparation, 200)


async def _resolved(deps: ApiDependencies, service: str, version: str, change: VersionChange) -> ResolvedSource | None:
    if change.model_source is None and change.resource_source is None:
        return None
    async with deps.read_session() as session:
        stored = await load_service(session, service)
        row = stored.version(version).row
    group = row.resource_group if change.resource_source is None else group_of(change.resource_source)
    if change.model_source is not None:
        return await resolve_source(deps, change.model_source, stored.row.project, group)
    if row.image is not None:
        await require_images(deps, stored.row.project, group, [ImageSource.model_validate(row.image)])
    return None


async def _for_change(
    unit: UnitOfWork, service: str, version: str, allowed: frozenset[int] | None
) -> tuple[StoredService, StoredVersion]:
    stored = await load_service(unit.session, service, for_update=True)
    found = stored.version(version)
    require_revision(allowed, found.row.revision)
    return stored, found
