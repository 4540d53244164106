"""Use cases of traffic: the weights of a service's versions, and its fallback."""

from __future__ import annotations

from controller.domain.services import traffic
from controller.domain.services.service_commands import Split
from controller.handlers.services.revisions import mark_changed
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.services.services import StoredService
from shared.bus.outbox import publish
from shared.events.service import TrafficChanged


async def set_weights(unit: UnitOfWork, service: StoredService, weights: dict[str, int]) -> None:
    """Store `weights` (versions that are not named get 0) and say so, if anything changes."""
    await set_traffic(unit, service, weights, service.row.fallback)


async def set_traffic(unit: UnitOfWork, service: StoredService, weights: dict[str, int], fallback: str | None) -> None:
    """As `set_weights`, and the version that answers while none with a weight can."""
    wanted = {version.row.name: weights.get(version.row.name, 0) for version in service.versions}
    is_same = all(version.row.weight == wanted[version.row.name] for version in service.versions)
    if is_same and service.row.fallback == fallback:
        return
    for version in service.versions:
        version.row.weight = wanted[version.row.name]
    service.row.fallback = fallback
    service.row.traffic_revision += 1
    mark_changed(unit, service.row)
    identity = {"service_id": service.row.id, "service": service.row.name, "actor": unit.actor}
    await publish(unit.session, TrafficChanged(**identity, weights=weights, fallback=fallback))


async def split_traffic(unit: UnitOfWork, service: StoredService, split: Split) -> None:
    """Store the split, if it is one over the service's active versions, and the fallback where one is named."""
    known = {version.row.name for version in service.versions}
    active = {version.row.name for version in service.active()}
    weights = traffic.checked_split(split.weights, active, known)
    fallback = service.row.fallback
    if "fallback" in split.model_fields_set:
        fallback = traffic.checked_fallback(split.fallback, active, known)
    await set_traffic(unit, service, weights, fallback)
