"""How destinations do, and what a test of one finds."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path

from inference_logger.domain.tables import is_remote, plain_path
from inference_logger.domain.waiting import WaitingTable, error_reason
from inference_logger.store import positions
from inference_logger.store.destinations.registry import DestinationRegistry
from shared.clock import Clock
from shared.contracts.rpc.controller import Destination
from shared.contracts.rpc.inference_logger.tables import DestinationState, DestinationStates, DestinationTest
from shared.database import Database
from shared.errors import NotFound

WRITABLE = "objects can be written, read and removed, and the store keeps simultaneous commits apart"
WRITABLE_ALONE = "objects can be written, read and removed; one process alone may write tables there"


async def destination_states(registry: DestinationRegistry, database: Database) -> DestinationStates:
    """Every destination that is known."""
    async with database.read() as session:
        waiting = (await positions.find_waiting_tables(session)).values()
    return DestinationStates(items=tuple(_state(registry, one, waiting) for one in registry.definitions.items.values()))


def _state(registry: DestinationRegistry, definition: Destination, waiting: Iterable[WaitingTable]) -> DestinationState:
    root = plain_path(definition.url)
    there = [table for table in waiting if f"{table.location}/".startswith(f"{root}/")]
    found = DestinationState(
        name=definition.name, waiting_tables=len(there), waiting_rows=sum(table.rows for table in there)
    )
    health = registry.health.get(definition.name)
    if health is not None:
        return found.model_copy(
            update={name: getattr(health, name) for name in ("state", "reason", "since", "writing", "warning")}
        )
    if not there:
        return found.model_copy(update={"state": "ok", "writing": "concurrent"})
    first = min(there, key=lambda table: table.since)
    failing = {"state": "failing", "reason": first.reason, "since": first.since, "writing": "concurrent"}
    return found.model_copy(update=failing)


async def examine_destination(registry: DestinationRegistry, name: str, clock: Clock) -> DestinationTest:
    """Write, read and remove an object there, and try conditional writes. Raises `NotFound`, `Unavailable`."""
    begun = clock.monotonic()
    await registry.definitions.refresh(0)
    definition = registry.definitions.items.get(name)
    if definition is None:
        raise NotFound(f"There is no destination {name[:64]!r}")
    found = await (_examine_store(registry, name) if is_remote(definition.url) else _examine_folder(definition.url))
    return found.model_copy(update={"duration_ms": round((clock.monotonic() - begun) * 1000)})


async def _examine_store(registry: DestinationRegistry, name: str) -> DestinationTest:
    health = await registry.examine(name)
    if health.state != "ok":
        return DestinationTest(ok=False, message=health.reason or "the store does not answer")
    message = WRITABLE if health.writing == "concurrent" else WRITABLE_ALONE
    return DestinationTest(ok=True, message=message, writing=health.writing, warning=health.warning)


async def _examine_folder(url: str) -> DestinationTest:
    try:
        await asyncio.to_thread(_write_in, Path(plain_path(url)))
    except OSError as error:
        return DestinationTest(ok=False, message=error_reason(error))
    return DestinationTest(ok=True, message="files can be written, read and removed", writing="concurrent")


def _write_in(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder, prefix=".penstock-") as file:
        file.write(b"penstock")
