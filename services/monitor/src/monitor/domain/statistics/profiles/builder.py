"""Makes a profile of record batches, one at a time."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles.bins import ColumnBins
from monitor.domain.statistics.profiles.table import TableProfile


class ProfileBuilder:
    """Adds up batches; memory is bounded by the number of columns, not of rows."""

    def __init__(
        self, kinds: Mapping[str, ColumnKind] | None = None, frozen: Mapping[str, ColumnBins] | None = None
    ) -> None:
        """`kinds`: columns to profile and how (None: all, as their types say). `frozen`: `Baseline.frozen()`."""
        raise NotImplementedError

    def add(self, batch: pa.RecordBatch) -> None:
        """Batches may lack columns, or have more of them than those before."""
        raise NotImplementedError

    def finish(self) -> TableProfile:
        """Of all that was added; more may be added afterwards."""
        raise NotImplementedError
