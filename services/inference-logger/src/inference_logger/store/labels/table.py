"""The labels table of a service: appended to, never changed. Blocking; callers run it in a thread.

An upload is one commit. What is known is read from the very table object that is written with, so that another writer
makes the commit fail instead of giving one label the same revision twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from inference_logger.domain.labels.history import new_revisions, to_rows
from inference_logger.domain.labels.join import key_columns, matched_keys
from inference_logger.domain.labels.schema import LABELS_PARTITION_BY, LABELS_SCHEMA
from inference_logger.domain.labels.values import Label, LabelKey
from inference_logger.domain.schema import TABLE_PROPERTIES
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.destinations.fence import WriterFence
from inference_logger.store.labels.lookup import labels_with_keys, rows_with_keys, schema_of
from inference_logger.store.storage import LOCAL, Storage, is_remote
from shared.errors import NotFound

ATTEMPTS = 20


@dataclass(frozen=True)
class TablePlace:
    """A table and how it is opened."""

    location: str
    storage: Storage = LOCAL
    fence: WriterFence = field(default_factory=WriterFence)

    def alone(self) -> AbstractContextManager[object]:
        """Held while it is written, where the store does not keep simultaneous commits apart."""
        return self.fence.lock(self.location) if self.storage.is_single_writer else nullcontext()

    def turn(self, table: DeltaTable) -> list[Transaction]:
        """What a commit has to carry there."""
        is_single_writer = self.storage.is_single_writer
        return self.fence.transactions(self.location, table, is_single_writer=is_single_writer)

    def open(self) -> DeltaTable:
        """Raises `NotFound`."""
        try:
            return DeltaTable(self.location, storage_options=self.storage.delta_options)
        except TableNotFoundError as error:
            raise NotFound(f"there is no table at {self.location}") from error


def open_or_create(place: TablePlace, schema: pa.Schema, partition_by: Sequence[str]) -> tuple[DeltaTable, bool]:
    """The table, and whether it was made for this; two at once make one."""
    options = place.storage.delta_options
    try:
        return DeltaTable(place.location, storage_options=options), False
    except TableNotFoundError:
        pass
    if not is_remote(place.location):
        Path(place.location).mkdir(parents=True, exist_ok=True)
    made = DeltaTable.create(
        place.location,
        schema,
        mode="ignore",
        partition_by=list(partition_by),
        configuration=TABLE_PROPERTIES,
        storage_options=options,
    )
    return made, True


def located(place: TablePlace, table: DeltaTable) -> str:
    """As the catalogue calls it."""
    return place.location if is_remote(place.location) else table.table_uri


@dataclass(frozen=True)
class AppendedLabels:
    """What an upload has added; `corrected`: how many of the rows are further revisions."""

    committed: CommitResult
    corrected: int


def append_labels(
    place: TablePlace, labels: Sequence[Label], found: Mapping[LabelKey, datetime], received_at: datetime, source: str
) -> AppendedLabels:
    """Append what the labels add to the history, in one commit; `found`: keys whose request is there → its time."""
    with place.alone():
        for attempt in range(ATTEMPTS):
            table, is_new = open_or_create(place, LABELS_SCHEMA, LABELS_PARTITION_BY)
            known = {} if is_new else labels_with_keys(table, (label.key.value for label in labels))
            added = new_revisions(labels, known, received_at)
            corrected = sum(revision.revision > 1 for _, revision in added)
            try:
                committed = CommitResult(*_append(place, table, to_rows(added, found, source)), is_new)
                return AppendedLabels(committed, corrected)
            except CommitFailedError:
                if attempt == ATTEMPTS - 1:
                    raise
    raise AssertionError("unreachable")


def _append(place: TablePlace, table: DeltaTable, rows: pa.Table) -> tuple[str, int, int]:
    if rows.num_rows:
        write_deltalake(
            table,
            rows,
            mode="append",
            commit_properties=CommitProperties(max_commit_retries=0, app_transactions=place.turn(table)),
            post_commithook_properties=PostCommitHookProperties(create_checkpoint=True),
        )
        table.update_incremental()
    return located(place, table), table.version(), rows.num_rows


def find_requests(tables: Sequence[TablePlace], labels: Sequence[Label]) -> dict[LabelKey, datetime]:
    """Those keys whose request is in one of the inferences tables → when it was predicted."""
    keys = {label.key for label in labels}
    names = {key.name for key in keys}
    found: dict[LabelKey, datetime] = {}
    for place in tables:
        try:
            table = place.open()
        except NotFound:
            continue
        columns = ["request_id", "client_request_id", "row_index", "request_time", *_features(table, names)]
        rows = rows_with_keys(table, {(key.name, key.value) for key in keys}, list(dict.fromkeys(columns)))
        for key, time in matched_keys(rows, keys).items():
            found[key] = min(time, found.get(key, time))
    return found


def _features(table: DeltaTable, names: set[str]) -> list[str]:
    schema = schema_of(table)
    return [column for name in sorted(names) for column in key_columns(schema, name)]
