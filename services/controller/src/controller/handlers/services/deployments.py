"""Deployments: the intent of every version, as the scheduler reads it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.resources.groups import node_intent
from controller.domain.services.status import DesiredState
from controller.handlers.access.first_admin import ADMIN
from controller.store.access.people import user_by_name
from controller.store.resources.groups import every_node
from controller.store.services.services import read_services
from controller.store.tables import ServiceRow, VersionRow
from shared.contracts.deployment import Autoscaling, Deployment, ImageSource, MlflowSource, Resources, RuntimeOptions
from shared.contracts.rpc.controller import DeploymentList
from shared.fairness import in_turns


def deployment_of(service: ServiceRow, version: VersionRow) -> Deployment:
    """What should run of one version; 0 replicas unless it is started."""
    return Deployment(
        service_id=service.id,
        service=service.name,
        version_id=version.id,
        version=version.name,
        generation=max(version.generation, 1),
        desired_replicas=version.replicas if version.wanted == DesiredState.STARTED else 0,
        autoscaling=version.autoscaling and Autoscaling.model_validate(version.autoscaling),
        model_source=source_of(version),
        resources=Resources.model_validate(version.resources),
        runtime=RuntimeOptions.model_validate(version.runtime),
        env=version.env or {},
        project=service.project,
        restart=version.restart,
    )


def source_of(version: VersionRow) -> MlflowSource | ImageSource:
    """What a version is made from."""
    if version.image is not None:
        return ImageSource.model_validate(version.image)
    assert version.model is not None
    assert version.model_version is not None
    return MlflowSource(model=version.model, version=version.model_version, registry=version.model_registry)


async def every_deployment(session: AsyncSession) -> DeploymentList:
    """Every version that was ever started, stopped ones with 0 replicas; and every node."""
    return DeploymentList(
        items=tuple(
            [
                deployment_of(service.row, version.row)
                async for service in in_turns(await read_services(session))
                for version in service.versions
                if version.row.wanted != DesiredState.DRAFT
            ]
        ),
        nodes=tuple(node_intent(node, group) for node, group in await every_node(session)),
        store=admin.id if (admin := await user_by_name(session, ADMIN)) else None,
    )
