"""Use case: an alias has moved, and the versions that follow it are published anew; what has failed starts again."""

from __future__ import annotations

from contextlib import suppress

from controller.domain.registries.models import ResolvedModel
from controller.domain.services.status import VersionStatus
from controller.domain.services.version_commands import ModelSource, VersionChange
from controller.handlers.services.versions import change_version, start_version
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.services.followed_aliases import AliasFollower, FollowedAlias
from controller.store.services.services import load_service
from controller.store.tables import VersionRow
from shared.errors import Conflict


async def republish_version(unit: UnitOfWork, follower: AliasFollower, model: ResolvedModel) -> bool:
    """Publish `model` where `follower` still follows the alias and publishes another; whether anything changed."""
    service = await load_service(unit.session, follower.service, for_update=True)
    version = service.version(follower.version)
    row = version.row
    if not row.follow or row.model is None or _followed(row) != follower.source or row.model_version == model.version:
        return False
    if _was_given_up(row, model):
        return False
    note = f"alias {row.alias} of {row.model} moved from version {row.model_version} to {model.version}"
    source = ModelSource(kind="mlflow", model=row.model, alias=row.alias, registry=row.model_registry, follow=True)
    has_failed = version.status is VersionStatus.FAILED
    await change_version(unit, service, version, VersionChange(model_source=source), model, note=note)
    if has_failed:
        with suppress(Conflict):  # as many as may be are active instead of it: it waits for somebody to start it
            await start_version(unit, service, version)
    return True


def _followed(row: VersionRow) -> FollowedAlias:
    return FollowedAlias(row.model_registry, row.model or "", row.alias or "")


def _was_given_up(row: VersionRow, model: ResolvedModel) -> bool:
    """Whether this very model was rolled back: it is not tried again until the alias moves on."""
    bad = (row.rolled_back or {}).get("configuration") or {}
    tried = (bad.get("model_registry"), bad.get("model"), bad.get("model_version"))
    return tried == (row.model_registry, model.model, model.version)
