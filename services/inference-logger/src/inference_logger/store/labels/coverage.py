"""How many inferences have labels, and how late they came. Blocking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from inference_logger.store.labels.table import TablePlace
from shared.errors import NotFound

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHARES = (0.5, 0.9)


@dataclass
class CoverageCounts:
    """By number of the step since 1970."""

    predicted: Counter[int] = field(default_factory=Counter)
    labelled: Counter[int] = field(default_factory=Counter)
    delays: list[pa.Table] = field(default_factory=list)
    """Step and delay in seconds of each labelled row."""

    def percentiles(self, step: int | None = None) -> tuple[float | None, float | None]:
        """Median and 90th percentile of the delays of a step, or of all."""
        some = pa.concat_tables(self.delays) if self.delays else None
        if some is not None and step is not None:
            some = some.filter(pc.field("step") == step)
        if some is None or not some.num_rows:
            return None, None
        half, most = pc.quantile(some.column("delay"), q=list(SHARES)).to_pylist()
        return half, most


def count_coverage(
    tables: Sequence[tuple[TablePlace, TablePlace]], since: datetime, until: datetime, step_s: int
) -> CoverageCounts:
    """Over pairs of an inferences and its labelled table; one that is not there has no rows."""
    found = CoverageCounts()
    for inferences, labelled in tables:
        found.predicted += _counted(_rows(inferences, ("request_time",), since, until), step_s)
        rows = _rows(labelled, ("request_time", "label_received_at"), since, until)
        found.labelled += _counted(rows, step_s)
        if rows is not None and rows.num_rows:
            times = rows.column("label_received_at").cast(pa.int64()), rows.column("request_time").cast(pa.int64())
            delay = pc.divide(pc.subtract(*times).cast(pa.float64()), 1e6)
            found.delays.append(pa.table({"step": _steps(rows, step_s), "delay": delay}))
    return found


def _rows(place: TablePlace, columns: Sequence[str], since: datetime, until: datetime) -> pa.Table | None:
    try:
        table: DeltaTable = place.open()
    except NotFound:
        return None
    time = pa.timestamp("us", "UTC")
    wanted = (pc.field("request_time") >= pa.scalar(since, time)) & (pc.field("request_time") < pa.scalar(until, time))
    first, last = (pa.scalar(at.date(), pa.date32()) for at in (since - timedelta(days=1), until + timedelta(days=1)))
    days = (pc.field("request_date") >= first) & (pc.field("request_date") <= last)
    chosen = wanted & days & pc.field("error").is_null()
    return table.to_pyarrow_dataset().to_table(columns=list(columns), filter=chosen)


def _steps(rows: pa.Table, step_s: int) -> pa.ChunkedArray:
    return pc.divide(rows.column("request_time").cast(pa.int64()), step_s * 1_000_000)


def _counted(rows: pa.Table | None, step_s: int) -> Counter[int]:
    if rows is None:
        return Counter()
    return Counter({one["values"]: one["counts"] for one in pc.value_counts(_steps(rows, step_s)).to_pylist()})
