"""The result of a retraining is published as its trigger says: a version like the one that serves, or its canary.

Once for each retraining, in one transaction with the row that remembers it. What stands in the way (another canary, as
many active versions as there may be) is remembered too, and leaves the version as a draft.
"""

from __future__ import annotations

from typing import Any

from controller.domain.canaries.plan import CanaryPlan, NewCanary
from controller.domain.registries.models import ResolvedModel
from controller.domain.retraining.triggers import Then
from controller.domain.services.version_commands import FirstVersion
from controller.handlers.canaries.canaries import create_canary
from controller.handlers.services.versions import create_version, start_version
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.services.services import StoredService, load_service
from controller.store.tables import RetrainingResultRow, VersionRow
from shared.contracts.retraining import AwaitedModel
from shared.errors import Permanent


async def publish_result(
    unit: UnitOfWork, awaited: AwaitedModel, then: Then, model: ResolvedModel
) -> RetrainingResultRow:
    """Publish `model`, which a retraining has made; what was done for it before is left as it is."""
    known = await unit.session.get(RetrainingResultRow, awaited.id)
    if known is not None:
        return known
    service = await load_service(unit.session, awaited.service, for_update=True)
    row = RetrainingResultRow(
        retraining_id=awaited.id,
        service_id=service.row.id,
        model=model.model,
        model_version=model.version,
        created_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    if then.publish != "none":
        command = _command(service, then, model, awaited)
        await _publish(unit, service, row, command, model, by_canary=then if then.publish == "canary" else None)
    return row


async def _publish(
    unit: UnitOfWork,
    service: StoredService,
    row: RetrainingResultRow,
    command: FirstVersion,
    model: ResolvedModel,
    *,
    by_canary: Then | None,
) -> None:
    try:
        version = await create_version(unit, service, command, model)
    except Permanent as refused:
        row.message = f"no version was made: {refused.message}"
        return
    row.version = version.row.name
    try:
        if by_canary is None:
            await start_version(unit, service, version)
        else:
            plan = (by_canary.canary or CanaryPlan()).model_dump(mode="json")
            row.canary_id = (await create_canary(unit, service, NewCanary(version=version.row.name, **plan))).id
    except Permanent as refused:
        row.message = f"the version is a draft: {refused.message}"


def _command(service: StoredService, then: Then, model: ResolvedModel, awaited: AwaitedModel) -> FirstVersion:
    """A version like the one that has most of the traffic, else like the newest; without any, with the defaults."""
    weights = service.weights()
    serving = max(service.active(), key=lambda each: weights.get(each.row.name, 0), default=None)
    like = serving or next(reversed(service.versions), None)
    body: dict[str, Any] = {
        "model_source": {
            "kind": "mlflow",
            "model": model.model,
            "version": model.version,
            "registry": awaited.registry,
        },
        "description": f"retraining {awaited.id}",
        "traffic_weight": then.weight if then.publish == "version" else 0,
        **(settings_for_model(like.row) if like is not None else {}),
    }
    return FirstVersion.model_validate(body)


def settings_for_model(row: VersionRow) -> dict[str, Any]:
    """What a version that is made from a model takes over from `row`: of an image no variables and no runtime."""
    size = {name: row.resources.get(name) for name in ("cpu", "memory_gb", "gpu", "gpu_kind")}
    return {
        "resource_source": {"kind": "group", "group": row.resource_group, **size}
        if row.resource_group
        else {"kind": "shared", "spec": row.spec},
        "replicas": row.autoscaling or row.replicas,
        "rate_limit": row.rate_limit,
        "request_timeout_ms": row.request_timeout_ms,
        "max_concurrency": row.max_concurrency,
        **({"runtime": row.runtime, "env": row.env or {}} if row.image is None else {}),
    }
