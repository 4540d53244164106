"""Use cases of resource groups: who may use them, and that each is bound to one service."""

from __future__ import annotations

from controller.domain.names import taken
from controller.domain.resources.groups import (
    GroupChange,
    NewGroup,
    backend_name,
    group_pod_resources,
    node_intent,
    require_backend,
)
from controller.domain.services.version_commands import GroupSource, ResourceSource
from controller.handlers.unit_of_work import UnitOfWork, delete_with_children
from controller.store.access.people import load_project, visible_services
from controller.store.resources.groups import (
    grants_of_group,
    is_granted,
    load_group,
    users_of_groups,
    versions_of_group,
    whole_group,
)
from controller.store.resources.specs import resources_of
from controller.store.tables import GroupProjectRow, GroupRow, ServiceRow
from shared.bus.outbox import publish
from shared.contracts.deployment import BackendName, ImageSource, Resources
from shared.contracts.nodes import ReadyBackends
from shared.errors import Conflict, NotFound
from shared.events.node import NodeUpdated


async def resources_for(unit: UnitOfWork, service: ServiceRow, source: ResourceSource | GroupSource) -> Resources:
    """What one pod of a version of `service` may use.

    A group is held until the transaction ends: of two services that want it at once, one gets it, the other `Conflict`.
    """
    if isinstance(source, ResourceSource):
        return await resources_of(unit.session, source.spec)
    group = await load_group(unit.session, source.group, for_update=True)
    if not await is_granted(unit.session, group.id, service.project):
        raise NotFound(f"There is no resource group {source.group!r}")
    others = set((await users_of_groups(unit.session, [group.name]))[group.name]) - {service.name}
    if others:
        own = await visible_services(unit.session, {service.project})
        called = f"service {min(others)!r}" if own and others <= own else "a service of another project"
        raise Conflict(f"Resource group {group.name!r} is bound to {called}")
    return group_pod_resources(group, source.cpu, source.memory_gb, source.gpu, source.gpu_kind)


async def create_group(unit: UnitOfWork, command: NewGroup, there: ReadyBackends | None) -> GroupRow:
    """A new group without nodes; `Conflict` when the name is taken. `there`: asked where it names a backend."""
    await _must_be_free(unit, command.name)
    if there is not None:
        require_backend(command.backend, there)
    row = GroupRow(
        **command.model_dump(include={"name", "description", "tags", "backend"}),
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    for project in dict.fromkeys(command.projects):
        await grant_project(unit, row, project)
    await unit.session.flush()
    return row


async def change_group(
    unit: UnitOfWork, group: GroupRow, change: GroupChange, there: ReadyBackends | None = None
) -> None:
    """Apply the fields that `change` names. A group that a version names keeps its name: its pods know it by that.

    `there`: asked where `change` names the backend.
    """
    values = change.model_dump(exclude_unset=True)
    is_renamed = values.get("name", group.name) != group.name
    if is_renamed:
        await _must_be_unused(unit, group, "keeps its name")
        await _must_be_free(unit, values["name"])
    has_moved = there is not None and values["backend"] != group.backend
    if there is not None and has_moved:
        await _check_move(unit, group, change.backend, there)
    for name, value in values.items():
        setattr(group, name, value)
    if values:
        group.revision += 1
        group.updated_at = unit.now
    if is_renamed or has_moved:
        why = "group renamed" if is_renamed else "another backend"
        for node in (await whole_group(unit.session, group)).nodes:
            node.generation += 1
            await publish(unit.session, NodeUpdated(node=node_intent(node, group), actor=unit.actor, reason=why))


async def _check_move(unit: UnitOfWork, group: GroupRow, backend: BackendName | None, there: ReadyBackends) -> None:
    """Raises `InvalidInput` where the scheduler has no such backend, `Conflict` where the group cannot change to it."""
    machine = require_backend(backend, there)
    is_elsewhere = there.are_apart(backend_name(group.backend), backend)
    if is_elsewhere and (nodes := (await whole_group(unit.session, group)).nodes):
        names = ", ".join(node.name for node in nodes[:5])
        raise Conflict(
            f"Nodes of resource group {group.name!r} ({names}) are shares of {nodes[0].machine!r}, and the backend "
            f"{_word(backend)} runs pods on {machine.name!r}: release them first"
        )
    if machine.runs_images and machine.mounts_images:
        return
    for version in await versions_of_group(unit.session, group.name):
        images = [
            ImageSource.model_validate(each) for each in (version.image, (version.last_good or {}).get("image")) if each
        ]
        if images and not machine.runs_images:
            raise Conflict(
                f"Version {version.name!r} of resource group {group.name!r} is, or would be rolled back to, an "
                f"image, which the backend {_word(backend)} cannot run"
            )
        if any(image.mounted_images() for image in images):
            raise Conflict(
                f"Version {version.name!r} of resource group {group.name!r} mounts, or would be rolled back to mount, "
                f"files of an image (oci://), which the backend {_word(backend)} cannot do"
            )


def _word(backend: BackendName | None) -> str:
    return backend or "that is the default"


async def delete_group(unit: UnitOfWork, group: GroupRow) -> None:
    """Remove a group without nodes that no version names."""
    await _must_be_unused(unit, group, "cannot be deleted")
    if nodes := (await whole_group(unit.session, group)).nodes:
        names = ", ".join(node.name for node in nodes[:5])
        raise Conflict(f"Resource group {group.name!r} still has nodes ({names}): release them first")
    await delete_with_children(unit, group, await grants_of_group(unit.session, group.id))


async def grant_project(unit: UnitOfWork, group: GroupRow, project: str) -> None:
    """Let services of `project` use the group; nothing happens where they may."""
    await load_project(unit.session, project)
    if not await is_granted(unit.session, group.id, project):
        unit.session.add(GroupProjectRow(group_id=group.id, project=project, created_at=unit.now))


async def revoke_project(unit: UnitOfWork, group: GroupRow, project: str, bound_to: ServiceRow | None) -> None:
    """Let services of `project` use the group no more; `bound_to` is the service that does, if there is one."""
    row = await unit.session.get(GroupProjectRow, (group.id, project))
    if row is None:
        raise NotFound(f"Resource group {group.name!r} is not associated with project {project!r}")
    if bound_to is not None and bound_to.project == project:
        raise Conflict(f"Resource group {group.name!r} is bound to service {bound_to.name!r} of project {project!r}")
    await unit.session.delete(row)


async def _must_be_free(unit: UnitOfWork, name: str) -> None:
    try:
        await load_group(unit.session, name)
    except NotFound:
        return
    raise taken(f"There is already a resource group {name!r}")


async def _must_be_unused(unit: UnitOfWork, group: GroupRow, why: str) -> None:
    users = (await users_of_groups(unit.session, [group.name]))[group.name]
    if users:
        raise Conflict(f"Resource group {group.name!r} is bound to service {users[0]!r} and {why}")
