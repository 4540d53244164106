"""The labels table of a service: appended to, never changed. Blocking; callers run it in a thread.

An upload is one commit. What is known is read from the very table object that is written with, so that another writer
makes the commit fail instead of giving one label the same revision twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow.compute as pc
from deltalake import DeltaTable, Transaction

from inference_logger.domain.labels.history import new_revisions, to_rows
from inference_logger.domain.labels.join import key_columns, matched_keys
from inference_logger.domain.labels.schema import LABELS_PARTITION_BY, LABELS_SCHEMA
from inference_logger.domain.labels.values import ANY_ID, CLIENT_REQUEST_ID, REQUEST_ID, Label, LabelKey
from inference_logger.store.delta.commits import CommitResult, append, retry_conflicts
from inference_logger.store.delta.open_tables import OpenTables, catalogue_location, open_table
from inference_logger.store.delta.rows import schema_of
from inference_logger.store.destinations.fence import WriterFence
from inference_logger.store.labels.lookup import labels_with_keys, rows_with_keys
from inference_logger.store.storage import LOCAL, Storage
from shared.errors import InvalidInput, NotFound

MOST_NAMES = 500
_ALWAYS = frozenset({"", None, CLIENT_REQUEST_ID, REQUEST_ID, ANY_ID})
_OF = {"name": "labels", "key_name": "keys"}


@dataclass(frozen=True)
class TablePlace:
    """A table and how it is opened; `opened`: it stays open there for the next time."""

    location: str
    storage: Storage = LOCAL
    fence: WriterFence = field(default_factory=WriterFence)
    opened: OpenTables = field(default_factory=OpenTables)

    def alone(self) -> AbstractContextManager[object]:
        """Held while it is written, where the store does not keep simultaneous commits apart."""
        return self.fence.alone(self.location, is_single_writer=self.storage.is_single_writer)

    def turn(self, table: DeltaTable) -> list[Transaction]:
        """What a commit has to carry there."""
        is_single_writer = self.storage.is_single_writer
        return self.fence.transactions(self.location, table, is_single_writer=is_single_writer)

    def open(self) -> DeltaTable:
        """Raises `NotFound`."""
        return open_table(self.location, self.storage)


@dataclass(frozen=True)
class AppendedLabels:
    """What an upload has added; `corrected`: how many of the rows are further revisions."""

    committed: CommitResult
    corrected: int


def append_labels(
    place: TablePlace, labels: Sequence[Label], found: Mapping[LabelKey, datetime], received_at: datetime, source: str
) -> AppendedLabels:
    """Append what the labels add to the history, in one commit; `found`: keys whose request is there → its time."""

    def commit() -> AppendedLabels:
        table, is_new = place.opened.take(place.location, place.storage, LABELS_SCHEMA, LABELS_PARTITION_BY)
        _check_names(None if is_new else table, labels)
        known = {} if is_new else labels_with_keys(table, (label.key.value for label in labels))
        added = new_revisions(labels, known, received_at)
        corrected = sum(revision.revision > 1 for _, revision in added)
        rows = to_rows(added, found, source)
        if rows.num_rows:
            append(table, rows, place.turn(table))
        location = catalogue_location(place.location, table)
        place.opened.give_back(place.location, table)
        return AppendedLabels(CommitResult(location, table.version(), rows.num_rows, is_new), corrected)

    with place.alone():
        return retry_conflicts(commit)


def _check_names(table: DeltaTable | None, labels: Sequence[Label]) -> None:
    """Raise `InvalidInput` where labels or keys of a service would have many names.

    Each is a column that stays, or is looked for in every step.
    """
    named = {"name": {label.key.label for label in labels}, "key_name": {label.key.name for label in labels}}
    for column, sent in named.items():
        names = sent - _ALWAYS
        if names and table is not None:
            found = table.to_pyarrow_dataset().to_table(columns=[column]).column(column)
            names |= set(pc.unique(found).to_pylist()) - _ALWAYS
        if len(names) > MOST_NAMES:
            raise InvalidInput(f"the {_OF[column]} of a service may have {MOST_NAMES} names; these would be more")


def find_requests(tables: Sequence[TablePlace], labels: Sequence[Label]) -> dict[LabelKey, datetime]:
    """Those keys whose request is in one of the inferences tables → when it was predicted."""
    keys = {label.key for label in labels}
    names = {key.name for key in keys}
    found: dict[LabelKey, datetime] = {}
    for place in tables:
        try:
            table = place.opened.take_existing(place.location, place.storage)
        except NotFound:
            continue
        columns = ["request_id", "client_request_id", "row_index", "request_time", *_features(table, names)]
        rows = rows_with_keys(table, {(key.name, key.value) for key in keys}, list(dict.fromkeys(columns)))
        for key, time in matched_keys(rows, keys).items():
            found[key] = min(time, found.get(key, time))
        place.opened.give_back(place.location, table)
    return found


def _features(table: DeltaTable, names: set[str]) -> list[str]:
    schema = schema_of(table)
    return [column for name in sorted(names) for column in key_columns(schema, name)]
