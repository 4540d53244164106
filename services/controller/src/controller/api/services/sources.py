"""What the source of a version comes down to: asked of other systems, before the transaction that stores it."""

from __future__ import annotations

from controller.api.dependencies import ApiDependencies
from controller.domain.registries.models import ResolvedSource
from controller.domain.services.image_commands import ImageModelSource
from controller.domain.services.version_commands import ModelSource
from shared.contracts.nodes import NodeStateList
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import NODES
from shared.errors import Detail, InvalidInput


async def resolve_source(deps: ApiDependencies, source: ModelSource | ImageModelSource, project: str) -> ResolvedSource:
    """The model version that a registry has, or an image that the scheduler's backend can run.

    Raises `InvalidInput` where it can not, `Unavailable` while who must be asked is away.
    """
    if isinstance(source, ModelSource):
        return await deps.registries.resolve(source, project)
    machine = (await deps.call(NODES, Nothing(), NodeStateList)).machine
    if not machine.runs_images:
        raise InvalidInput(
            "The process backend cannot run images; they need the Docker or the Kubernetes backend (SCHEDULER_BACKEND)",
            (Detail(("model_source", "kind"), "images are not possible on the process backend"),),
        )
    return source.as_contract()
