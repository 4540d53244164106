"""A labelled table, derived from an inferences table and the service's labels. Blocking; callers run it in a thread.

Each commit carries, as two application transactions named after the sources' own ids, the versions up to which it has
everything. A step takes what both have got since: new inferences (whose labels may have come before them), and
inferences that new labels belong to. It joins these with the labels that count, and writes those that differ from what
is there: appended where all are new, else merged, in one commit. Where that is not known, all days are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, Transaction

from inference_logger.domain.labels.history import current
from inference_logger.domain.labels.join import join_labels
from inference_logger.domain.labels.schema import LABEL_SYSTEM_FIELDS
from inference_logger.domain.schema import INFERENCES_SCHEMA
from inference_logger.store.delta.commits import CommitResult, retry_conflicts
from inference_logger.store.delta.open_tables import OpenTables, catalogue_location
from inference_logger.store.delta.rows import schema_of
from inference_logger.store.derived.engine import check_engine
from inference_logger.store.derived.source import LogTruncated, SourcePiece, all_files
from inference_logger.store.labels.labelled_rows import (
    DAY,
    Identity,
    append_rows,
    identities,
    known_labels,
    label_cells,
    merge_rows,
)
from inference_logger.store.labels.lookup import as_schema, key_names, labels_of_rows, rows_with_keys
from inference_logger.store.labels.table import TablePlace

LABELLED_SCHEMA = pa.schema([*INFERENCES_SCHEMA, *LABEL_SYSTEM_FIELDS])
SILENT_VERSIONS = 200
"""Versions of the sources that may change no row before the position is noted: a commit for each would be many."""
Versions = tuple[int, int]
"""Of the inferences table and of the labels table."""


@dataclass(frozen=True)
class LabelledDerivation:
    """Which table is made of which; `seen`: how far the sources were looked at, where nothing was written since."""

    inferences: TablePlace
    labels: TablePlace
    place: TablePlace
    seen: Versions | None = None
    opened: OpenTables = field(default_factory=OpenTables)

    @property
    def target(self) -> str:
        """Where the labelled table lies."""
        return self.place.location


@dataclass(frozen=True)
class LabelledCommit:
    """One step. `added` rows have got their first label, `changed` ones another; `is_behind`: there is more."""

    committed: CommitResult | None
    seen: Versions
    added: int = 0
    changed: int = 0
    is_behind: bool = False


@dataclass
class _Step:
    """The tables as they are opened for one step."""

    derivation: LabelledDerivation
    inferences: DeltaTable
    labels: DeltaTable
    target: DeltaTable
    is_new: bool

    @property
    def app_ids(self) -> tuple[str, str]:
        return (
            f"penstock:derive:{self.inferences.metadata().id}",
            f"penstock:labels:{self.labels.metadata().id}",
        )

    def committed(self, rows: int) -> CommitResult:
        """The target as it is now, which has got `rows` more."""
        location = catalogue_location(self.derivation.target, self.target)
        return CommitResult(location, self.target.version(), rows, self.is_new)

    @cached_property
    def key_names(self) -> set[str]:
        """Of all labels."""
        return key_names(self.labels)

    @property
    def newest(self) -> Versions:
        return self.inferences.version(), self.labels.version()

    def done(self) -> Versions | None:
        """Up to where the target has everything; None: it does not say."""
        noted = [self.target.transaction_version(name) for name in self.app_ids]
        if noted[0] is None or noted[1] is None or noted[0] > self.newest[0] or noted[1] > self.newest[1]:
            return None
        return noted[0], noted[1]


def derive_labelled(derivation: LabelledDerivation) -> LabelledCommit:
    """Bring the labelled table on by one commit, or none. Raises `NotFound` for a source; what the storage does.

    May be repeated, and killed anywhere.
    """
    with derivation.place.alone():
        return retry_conflicts(lambda: _derive_once(derivation))


def _derive_once(derivation: LabelledDerivation) -> LabelledCommit:
    places, opened = (derivation.inferences, derivation.labels), derivation.opened
    inferences, labels = [opened.take_existing(place.location, place.storage) for place in places]
    target, is_new = opened.take(derivation.target, derivation.place.storage, LABELLED_SCHEMA)
    done = _derive_from(_Step(derivation, inferences, labels, check_engine(target), is_new))
    for place, table in zip((*places, derivation.place), (inferences, labels, target), strict=True):
        opened.give_back(place.location, table)
    return done


def _derive_from(step: _Step) -> LabelledCommit:
    noted = step.done()
    if noted is None:
        return _derive_all(step)
    seen = step.derivation.seen
    done = noted if seen is None else (max(noted[0], seen[0]), max(noted[1], seen[1]))
    if done == step.newest:
        return LabelledCommit(None, done)
    try:
        return _derive_piece(step, noted, done)
    except LogTruncated:
        return _derive_all(step)


def _derive_piece(step: _Step, noted: Versions, done: Versions) -> LabelledCommit:
    derivation = step.derivation
    fresh = _piece(derivation.inferences, done[0], step.newest[0])
    labelled = _piece(derivation.labels, done[1], step.newest[1])
    parts = [*_new_rows(step, fresh), *_rows_of_new_labels(step, labelled)]
    upto = fresh.upto, labelled.upto
    rows = _each_once(parts, step)
    is_silent = upto[0] + upto[1] - noted[0] - noted[1] < SILENT_VERSIONS
    written = _write(step, rows, upto, always=not is_silent)
    return LabelledCommit(written.committed, upto, written.added, written.changed, is_behind=upto != step.newest)


def _piece(place: TablePlace, done: int, newest: int) -> SourcePiece:
    return SourcePiece(place.storage.filesystem(place.location), done, newest)


def _new_rows(step: _Step, fresh: SourcePiece) -> Iterator[pa.Table]:
    """Of new inferences those that have a label already."""
    schema = schema_of(step.inferences)
    columns = [name for name in schema.names if name != DAY]
    found = [as_schema(rows, schema) for rows in fresh.rows(columns)]
    if found:
        yield _joined(step, pa.concat_tables(found))


def _rows_of_new_labels(step: _Step, labelled: SourcePiece) -> Iterator[pa.Table]:
    keys: set[tuple[str, str]] = set()
    for rows in labelled.rows(["key_name", "key"]):
        keys |= set(zip(rows.column("key_name").to_pylist(), rows.column("key").to_pylist(), strict=True))
    if keys:
        yield _joined(step, rows_with_keys(step.inferences, keys))


def _joined(step: _Step, rows: pa.Table) -> pa.Table:
    labels = current(labels_of_rows(step.labels, rows, step.key_names)) if rows.num_rows else {}
    return join_labels(rows, labels, schema_of(step.target))


def _each_once(parts: list[pa.Table], step: _Step) -> pa.Table:
    if not parts:
        return join_labels(as_schema(schema_of(step.inferences).empty_table(), schema_of(step.inferences)), {})
    rows = pa.concat_tables(parts, promote_options="default")
    seen: set[Identity] = set()
    places = []
    for place, identity in enumerate(identities(rows)):
        if identity not in seen:
            seen.add(identity)
            places.append(place)
    return rows if len(places) == rows.num_rows else rows.take(pa.array(places, pa.int64()))


def _derive_all(step: _Step) -> LabelledCommit:
    """Every day compared; with the last one the positions move."""
    days = sorted({file.partition for file in all_files(step.inferences)}, key=str)
    schema = schema_of(step.inferences)
    added = changed = written_rows = 0
    upto = step.newest
    for place, day in enumerate(days):
        wanted = pc.field(DAY).is_null() if day is None else pc.field(DAY) == pa.scalar(day, pa.date32())
        rows = as_schema(step.inferences.to_pyarrow_dataset().to_table(filter=wanted), schema)
        is_last = place == len(days) - 1
        done = _write(step, _joined(step, rows), upto if is_last else None, always=is_last)
        added, changed = added + done.added, changed + done.changed
        written_rows += done.committed.rows if done.committed else 0
    if not days:
        return LabelledCommit(_write(step, _each_once([], step), upto, always=True).committed, upto)
    return LabelledCommit(step.committed(written_rows), upto, added, changed)


@dataclass(frozen=True)
class _Written:
    committed: CommitResult | None
    added: int = 0
    changed: int = 0


def _write(step: _Step, rows: pa.Table, upto: Versions | None, *, always: bool) -> _Written:
    """Write the rows that differ from what is there; `always`: note the position even where none does."""
    known = known_labels(step.target, rows)
    places, changed = [], 0
    shown = label_cells(rows)
    for place, identity in enumerate(identities(rows)):
        before = known.get(identity)
        if before is None or before != shown[place]:
            places.append(place)
            changed += before is not None
    if not places and not always:
        return _Written(None)
    rows = rows.take(pa.array(places, pa.int64()))
    transactions = [] if upto is None else [Transaction(*each) for each in zip(step.app_ids, upto, strict=True)]
    transactions += step.derivation.place.turn(step.target)
    if changed:
        merge_rows(step.target, rows, transactions)
    elif places or upto is not None:
        append_rows(step.target, rows, transactions)
    added = len(places) - changed
    return _Written(step.committed(added), added, changed)
