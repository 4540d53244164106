"""Use cases of resource specs."""

from __future__ import annotations

from controller.domain.commands import require_gpus_of_kind
from controller.domain.names import taken
from controller.domain.resources.specs import NewSpec, SpecChange
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.resources.specs import users_of_spec
from controller.store.tables import SpecRow
from shared.errors import Conflict


async def create_spec(unit: UnitOfWork, command: NewSpec) -> SpecRow:
    """A new spec; `Conflict` when the name is taken."""
    if await unit.session.get(SpecRow, command.name) is not None:
        raise taken(f"There is already a resource spec {command.name!r}")
    row = SpecRow(**command.model_dump(), created_at=unit.now, updated_at=unit.now)
    unit.session.add(row)
    await unit.session.flush()
    return row


async def change_spec(unit: UnitOfWork, spec: SpecRow, change: SpecChange) -> None:
    """Apply the fields that `change` names; what is metered from now on has the new price."""
    if change.is_of_size:
        await _must_be_unused(unit, spec, "its size cannot change")
    for name, value in change.model_dump(exclude_unset=True).items():
        setattr(spec, name, value)
    require_gpus_of_kind(spec.gpu, spec.gpu_kind)
    if change.model_fields_set:
        spec.revision += 1
        spec.updated_at = unit.now


async def delete_spec(unit: UnitOfWork, spec: SpecRow) -> None:
    """Remove a spec that no version uses."""
    await _must_be_unused(unit, spec, "it cannot be deleted")
    await unit.session.delete(spec)


async def _must_be_unused(unit: UnitOfWork, spec: SpecRow, why: str) -> None:
    if users := await users_of_spec(unit.session, spec.name):
        raise Conflict(f"Resource spec {spec.name!r} is used by {', '.join(users)}: {why}")
