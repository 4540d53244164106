"""Advances nodes of resource groups: they expire, and released ones are removed once they are empty."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from controller.domain.names import PLATFORM_ACTOR
from controller.domain.resources.groups import SOON, NodePhase
from controller.handlers.resources import nodes
from controller.handlers.unit_of_work import InstallationLimits, UnitOfWork
from controller.loops.failures import AWAY
from controller.store.audit import Actor, audit_changes
from controller.store.resources.groups import load_node, nodes_due
from controller.store.tables import GroupRow
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.nodes import NodeState, NodeStateList
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import NODES
from shared.database import Database
from shared.errors import describe_error

log = logging.getLogger(__name__)

EVERY_S = 2.0


class NodesLoop:
    """Expires nodes, and removes those that are released and empty."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, limits: InstallationLimits) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._limits = limits

    async def run(self) -> None:
        """Advance nodes until cancelled."""
        await self._bus.connected()
        while True:
            try:
                await self.run_once()
            except AWAY as failure:
                log.info("nodes not advanced: %s", describe_error(failure))
            await self._clock.sleep(EVERY_S)

    async def run_once(self) -> int:
        """Advance every node that is due; returns how many changed."""
        async with self._database.read() as session:
            waiting = await nodes_due(session, self._clock.now() + SOON)
        if not waiting:
            return 0
        seen = await self._seen() if any(node.phase == NodePhase.RELEASING for node in waiting) else {}
        changed = 0
        for node in waiting:
            async with self._database.unit_of_work() as session:
                now = self._clock.now()
                audit_changes(session, Actor(PLATFORM_ACTOR, "look_at_nodes", ""), now)
                group = await session.get_one(GroupRow, node.group_id)
                row = await load_node(session, group, node.name, for_update=True)
                changed += await nodes.advance_node(
                    UnitOfWork(session, now, PLATFORM_ACTOR, self._limits), group, row, seen.get(row.id)
                )
        return changed

    async def _seen(self) -> dict[UUID, NodeState]:
        answer: Any = await self._bus.call(NODES, Nothing())
        assert isinstance(answer, NodeStateList)
        return {each.id: each for each in answer.items}
