"""Where a service's labels, inferences and labelled tables lie, as the catalogue says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inference_logger.domain.tables import INFERENCES, KIND, LABELLED, LABELS, TableKey
from inference_logger.handlers.stores import Stores
from inference_logger.store import catalogue
from inference_logger.store.labels.table import TablePlace


@dataclass(frozen=True)
class LabelTables:
    """`labels` is where the next label goes; `has_labels`: there are some already."""

    labels: TableKey
    has_labels: bool
    inferences: Sequence[TableKey]


async def find_label_tables(stores: Stores, service: str) -> LabelTables:
    """Labels stay where the first one went: beside the newest table of the service, or below the default root."""
    async with stores.database.read() as session:
        rows = [row for row in await catalogue.own_tables(session, service=service) if row.version >= 0]
    rows.sort(key=lambda row: row.updated_at, reverse=True)
    keys = [stores.tables.key_at(row.location, service, row.kind) for row in rows]
    labels = next((key for key in keys if key.kind == LABELS), None)
    beside = next((key for key in keys if key.kind in {INFERENCES, KIND}), TableKey(service))
    inferences = [key for key in keys if key.kind == INFERENCES]
    return LabelTables(labels or replace(beside, kind=LABELS), labels is not None, inferences)


async def place_of(stores: Stores, key: TableKey) -> TablePlace:
    """How a table is opened. Raises `Unavailable`."""
    location = stores.tables.location(key)
    return TablePlace(location, await stores.storages.of(location), stores.tables.fence)


def labelled_of(inferences: TableKey) -> TableKey:
    """The labelled table of an inferences table."""
    return replace(inferences, kind=LABELLED)
