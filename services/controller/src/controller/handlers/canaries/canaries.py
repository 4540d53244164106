"""Use cases of people: a canary begins, is aborted, is promoted by hand."""

from __future__ import annotations

from controller.domain.canaries.plan import NewCanary
from controller.domain.canaries.progress import IN_TRAFFIC, OPEN, CanaryPhase
from controller.handlers.canaries.steps import CanaryMove, is_own_traffic
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.canaries.canaries import open_canary
from controller.store.services.services import StoredService
from controller.store.tables import CanaryRow
from shared.errors import Conflict


async def create_canary(unit: UnitOfWork, service: StoredService, command: NewCanary) -> CanaryRow:
    """A new canary of a version; `Conflict` while another one is not over, or where it has all of the traffic."""
    version = service.version(command.version)
    if (other := await open_canary(unit.session, service.row.id)) is not None:
        raise Conflict(f"The canary {other.id} of {other.version!r} is not over ({other.phase}): abort it first")
    if service.weights() == {version.row.name: 100}:
        raise Conflict(f"{version.row.name!r} has all of the traffic already")
    row = CanaryRow(
        service_id=service.row.id,
        version=version.row.name,
        plan=command.model_dump(mode="json", exclude={"version"}),
        phase=CanaryPhase.WAITING,
        reason="it has not been looked at yet",
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def abort_canary(unit: UnitOfWork, service: StoredService, row: CanaryRow) -> None:
    """End it; the stable version gets its traffic back. Nothing happens to one that is over."""
    if row.phase in OPEN:
        await CanaryMove(unit, service, row).abort(f"aborted by {unit.actor}")


async def promote_canary(unit: UnitOfWork, service: StoredService, row: CanaryRow) -> None:
    """Give it all of the traffic now, whatever the verdict; `Conflict` where it has no traffic yet, or is over."""
    if row.phase not in IN_TRAFFIC:
        raise Conflict(f"The canary is {row.phase}: only one that has traffic can be promoted")
    if not is_own_traffic(service, row):
        raise Conflict("The traffic was changed by hand, which ends the canary")
    await CanaryMove(unit, service, row).promote(f"promoted by {unit.actor}")
