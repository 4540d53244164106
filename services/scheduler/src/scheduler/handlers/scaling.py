"""Runs the autoscaler for every version that has a range of replicas, and stores its decisions.

What it remembers of the load is in memory only: a scheduler that starts anew goes on from the number of pods that was
wanted, and takes none away before it has watched for a whole window.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from scheduler.domain.autoscaling import Autoscaler, AutoscalerTiming, LoadSample, ReplicaBounds
from scheduler.domain.values import CAPACITY
from scheduler.store import rows
from scheduler.store.tables import DeploymentRow
from shared.bus.outbox import publish
from shared.contracts.deployment import Autoscaling
from shared.events import VersionScaled


class Autoscalers:
    """One autoscaler for each version."""

    def __init__(self, timing: AutoscalerTiming) -> None:
        self._timing = timing
        self._scalers: dict[UUID, Autoscaler] = {}
        self._asleep: frozenset[UUID] = frozenset()

    def is_scaled_to_zero(self, version_id: UUID) -> bool:
        """Whether the version had no pods at the last decision, so that any demand is urgent."""
        return version_id in self._asleep

    async def has_versions(self, session: AsyncSession) -> bool:
        """Whether there is any version to decide on."""
        found = (await session.scalars(_autoscaled().limit(1))).first()
        return found is not None

    async def decide(self, session: AsyncSession, in_flight: Mapping[UUID, float], now: float) -> int:
        """Decide anew on every version; `in_flight` over all routers, `now` in monotonic seconds. How many changed."""
        changed = 0
        versions = [row for row in (await session.scalars(_autoscaled())).all() if row.failure is None]
        for row in versions:
            changed += await self._decide_one(session, row, in_flight.get(row.version_id, 0.0), now)
        self._scalers = {row.version_id: self._scalers[row.version_id] for row in versions}
        self._asleep = frozenset(row.version_id for row in versions if not row.replicas)
        return changed

    async def _decide_one(self, session: AsyncSession, row: DeploymentRow, in_flight: float, now: float) -> bool:
        deployment = rows.deployment_of(row)
        assert deployment is not None
        assert deployment.autoscaling is not None
        pods = await rows.pods_of(session, row.version_id)
        ready, before = rows.count_pods(pods).ready, row.replicas
        # A version that was never ready at all waits until it was tried, however long there is no room.
        without_room = sum(pod.reason == CAPACITY for pod in pods) if row.was_ready else 0
        seen = LoadSample(now, in_flight, ready, without_room, is_updating=row.rollover is not None)
        decision = self._scaler(row, deployment.autoscaling, now).decide(seen)
        if decision.replicas == before:
            return False
        row.scale = decision.replicas
        await publish(
            session,
            VersionScaled(
                service_id=row.service_id,
                service=row.service,
                version_id=row.version_id,
                version=row.version,
                generation=row.generation,
                from_replicas=before,
                to_replicas=decision.replicas,
                ready_replicas=ready,
                reason=decision.reason,
            ),
        )
        return True

    def _scaler(self, row: DeploymentRow, wanted: Autoscaling, now: float) -> Autoscaler:
        bounds = ReplicaBounds(wanted.min, wanted.max, wanted.target_concurrency)
        known = self._scalers.get(row.version_id)
        if known is None or known.bounds != bounds or known.replicas != row.replicas:
            known = self._scalers[row.version_id] = Autoscaler(bounds, row.replicas, now, self._timing)
        return known


def _autoscaled() -> SelectOfScalar[DeploymentRow]:
    return select(DeploymentRow).where(col(DeploymentRow.scale).is_not(None), col(DeploymentRow.desired_replicas) > 0)
