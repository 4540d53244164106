"""One page of a table's rows, in an order, behind a position.

Two passes. The first reads the column that rows are ordered by, and those that the condition needs, and keeps the
places of as many rows as the page has; files whose rows can only come later are not opened. The second reads those
rows alone, and cuts the page where it gets too large. Both see one version of the table, so that the pages of a cursor
neither repeat nor leave out a row while others write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from inference_logger.domain.reading.queries import Order, PageQuery, Position
from inference_logger.store.reading.limits import WorkingTime
from inference_logger.store.reading.scan import Piece, scan_file, sort_values
from inference_logger.store.reading.snapshot import DataFile, Snapshot
from shared.filters.conditions import may_match
from shared.filters.types import plain

PAGE_BYTES = 4 << 20
"""JSON of a page; one that would be larger ends before, though never without a row."""


@dataclass(frozen=True)
class Page:
    """Rows as JSON objects; `last` is the position behind them, None where there are no more."""

    rows: list[bytes]
    last: Position | None


def read_page(snapshot: Snapshot, query: PageQuery, time: WorkingTime) -> Page:
    """The first `size` rows behind `after`. Raises `LimitExceeded`, `Conflict`, `QueryEnded`."""
    found = _first_places(snapshot, query, time).to_pylist()
    wanted, has_more = found[: query.size], len(found) > query.size
    rows = _Rows(PAGE_BYTES)
    ranks: dict[int, dict[int, int]] = defaultdict(dict)
    for rank, place in enumerate(wanted):
        ranks[place["file"]][place["row"]] = rank
    for ordinal, ranked in sorted(ranks.items(), key=lambda item: min(item[1].values())):
        for piece in scan_places(snapshot, snapshot.files[ordinal], query.selection.columns, ranked, time):
            rows.add_all(piece, ranked)
    kept = rows.in_order()
    if not kept or (len(kept) == len(wanted) and not has_more):
        return Page(kept, None)
    last = wanted[len(kept) - 1]
    return Page(kept, Position(snapshot.version, last["value"], last["file"], last["row"]))


def _first_places(snapshot: Snapshot, query: PageQuery, time: WorkingTime) -> pa.Table:
    order, after, condition = query.order, query.after, query.selection.condition
    columns = tuple(dict.fromkeys((*([order.column] if order.column else []), *query.selection.read_columns)))
    kind = pa.null() if order.column is None else snapshot.schema.field(order.column).type
    best = _Places(order, query.size + 1, kind)
    for file in sorted(snapshot.files, key=lambda file: _begin(file, order)):
        if best.is_beyond(file) or not _is_behind(file, order, after):
            continue
        if condition is not None and not may_match(condition, file.bounds_of):
            continue
        for piece in scan_file(snapshot, file, columns, condition, time):
            best.add(file, piece, after)
    return best.places


def _begin(file: DataFile, order: Order) -> tuple[Any, ...]:
    """Files whose first rows come first, first; those of which nothing is known before all."""
    bound = _first_value(file, order)
    if bound is None:
        return (0, 0, -file.ordinal if order.is_descending else file.ordinal)
    return (1, _Reversed(bound) if order.is_descending else bound, file.ordinal)


def _first_value(file: DataFile, order: Order) -> Any:
    bounds = file.bounds_of(order.column) if order.column else None
    return None if bounds is None else bounds.most if order.is_descending else bounds.least


def _is_behind(file: DataFile, order: Order, after: Position | None) -> bool:
    """False only where every row of the file comes before `after`."""
    bounds = file.bounds_of(order.column) if order.column else None
    if after is None or after.value is None or bounds is None or bounds.nulls != 0:
        return True
    last = bounds.least if order.is_descending else bounds.most
    if last is None:
        return True
    return bool(last <= after.value if order.is_descending else last >= after.value)


class _Reversed:
    """Orders the other way round."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)


@dataclass
class _Places:
    """The places of the first rows so far."""

    order: Order
    count: int
    kind: pa.DataType
    places: pa.Table = field(init=False)

    def __post_init__(self) -> None:
        kinds = [("value", self.kind), ("file", pa.int64()), ("row", pa.int64())]
        self.places = pa.schema(kinds).empty_table()

    def is_beyond(self, file: DataFile) -> bool:
        """Whether all of its rows come behind those that there are."""
        bound = _first_value(file, self.order)
        if bound is None or len(self.places) < self.count:
            return False
        worst = self.places.column("value")[-1].as_py()
        if worst is None:
            return False
        return bool(bound < worst if self.order.is_descending else bound > worst)

    def add(self, file: DataFile, piece: Piece, after: Position | None) -> None:
        """Keep what belongs to the first rows."""
        values = pa.nulls(len(piece.rows)) if self.order.column is None else sort_values(piece.rows, self.order.column)
        files = pa.repeat(pa.scalar(file.ordinal, pa.int64()), len(values))
        added = pa.Table.from_arrays([values, files, piece.places], names=["value", "file", "row"])
        if after is not None:
            added = added.filter(_behind(added, self.order, after))
        added = added.cast(self.places.schema)
        joined = pa.concat_tables([self.places, added]).combine_chunks()
        way = "descending" if self.order.is_descending else "ascending"
        keys = [(name, way) for name in ("value", "file", "row") if name != "value" or self.order.column]
        self.places = joined.take(pc.sort_indices(joined, sort_keys=keys)[: self.count])


def _behind(places: pa.Table, order: Order, after: Position) -> pa.Array:
    """Which of them come behind a position."""
    later = pc.less if order.is_descending else pc.greater
    value, file, row = (places.column(name) for name in ("value", "file", "row"))
    tied = pc.or_(later(file, after.file), pc.and_(pc.equal(file, after.file), later(row, after.row)))
    if after.value is None:
        return pc.and_(pc.is_null(value), tied)
    at = pa.scalar(_stored(after.value, value.type), value.type)
    known = pc.or_(later(value, at), pc.and_(pc.equal(value, at), tied))
    return pc.fill_null(known, True)


def _stored(value: Any, kind: pa.DataType) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) and getattr(kind, "tz", None) is None else value


@dataclass
class _Rows:
    """Rows by rank, no more bytes than the page may have: the last ones give way."""

    room: int
    kept: dict[int, bytes] = field(default_factory=dict)
    size: int = 0
    cut: float = float("inf")

    def add_all(self, piece: Piece, ranks: Mapping[int, int]) -> None:
        """Keep rows of a file; `ranks`: place in the file → rank."""
        for place, row in zip(piece.places.to_pylist(), _each(piece.rows), strict=True):
            self.add(ranks[place], row)

    def add(self, rank: int, row: Mapping[str, Any]) -> None:
        """Keep a row, unless one before it was too large already."""
        if rank >= self.cut:
            return
        self.kept[rank] = orjson.dumps({name: plain(value) for name, value in row.items()})
        self.size += len(self.kept[rank])
        while self.size > self.room and len(self.kept) > 1:
            self.cut = max(self.kept)
            self.size -= len(self.kept.pop(int(self.cut)))

    def in_order(self) -> list[bytes]:
        """Without what comes behind a row that was left out."""
        return [self.kept[rank] for rank in sorted(self.kept)]


def scan_places(
    snapshot: Snapshot, file: DataFile, columns: tuple[str, ...], places: Iterable[int], time: WorkingTime
) -> Iterator[Piece]:
    """Those rows of a file; groups of rows without any are not read."""
    wanted = pa.array(sorted(places), pa.int64())
    for piece in scan_file(snapshot, file, columns, None, time, wanted=wanted):
        meets = pc.is_in(piece.places, value_set=wanted)
        if pc.any(meets).as_py():
            yield Piece(piece.rows.filter(meets), piece.places.filter(meets))


def _each(rows: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """One at a time: a batch of large bodies is not copied as a whole."""
    for place in range(len(rows)):
        yield {name: rows.column(name)[place].as_py() for name in rows.schema.names}
