"""What the source of a version comes down to: asked of other systems, before the transaction that stores it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from controller.api.dependencies import ApiDependencies
from controller.domain.registries.models import ResolvedSource
from controller.domain.resources.groups import backend_name, require_backend
from controller.domain.services.image_commands import ImageModelSource
from controller.domain.services.version_commands import GroupSource, ModelSource, ResourceSource
from controller.store.resources.groups import is_granted, load_group
from shared.contracts.deployment import BackendName, ImageSource
from shared.contracts.nodes import NodeStateList
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import NODES
from shared.errors import Detail, InvalidInput, NotFound


async def resolve_source(
    deps: ApiDependencies, source: ModelSource | ImageModelSource, project: str, group: str | None
) -> ResolvedSource:
    """The model version that a registry has, or an image that the backend of its resource group can run.

    `group`: None for the shared pool. Raises `InvalidInput` where it cannot, `Unavailable` while who must be asked is
    away.
    """
    if isinstance(source, ModelSource):
        return await deps.registries.resolve(source, project)
    image = source.as_contract()
    await require_images(deps, project, group, [image])
    return image


async def require_images(deps: ApiDependencies, project: str, group: str | None, images: Iterable[ImageSource]) -> None:
    """Raises `InvalidInput` where pods of a group (None: of the shared pool) cannot be made from these images."""
    async with deps.read_session() as session:
        backend = await _backend_of(session, project, group) if group is not None else None
    machine = require_backend(backend, await deps.call(NODES, Nothing(), NodeStateList))
    where = f" of resource group {group!r}" if group is not None else ""
    if not machine.runs_images:
        raise InvalidInput(
            f"The process backend{where} cannot run images; they need the Docker or the Kubernetes backend, of the "
            "installation (SCHEDULER_BACKEND) or of a resource group (SCHEDULER_BACKENDS)",
            (Detail(("model_source", "kind"), "images are not possible on the process backend"),),
        )
    mounting = [number for image in images for number in image.mounted_images()]
    if mounting and not machine.mounts_images:
        raise InvalidInput(
            f"The Docker backend{where} cannot mount files of images (oci://): use the Kubernetes backend, mount them "
            "from an artifact or a bucket, or build them into the image",
            (
                Detail(
                    ("model_source", "image", "mounts", mounting[0], "kind"),
                    "oci is not possible on the Docker backend",
                ),
            ),
        )


async def _backend_of(session: AsyncSession, project: str, group: str) -> BackendName | None:
    """Of a group that `project` may use; `NotFound` for others."""
    row = await load_group(session, group)
    if not await is_granted(session, row.id, project):
        raise NotFound(f"There is no resource group {group!r}")
    return backend_name(row.backend)


def group_of(resources: ResourceSource | GroupSource | None) -> str | None:
    """Of what a version asks for; None: the shared pool."""
    return resources.group if isinstance(resources, GroupSource) else None
