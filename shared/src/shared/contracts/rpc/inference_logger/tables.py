"""RPC methods of the inference logger: inference tables and their rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from shared.contracts.base import Contract
from shared.contracts.chunks import ChunkStream
from shared.contracts.inference_tables.erasures import ErasureIds, ErasureQuery, ErasureReceipt, ErasureTerms
from shared.contracts.rpc.method import Nothing, RpcMethod


class TablesQuery(Contract):
    """Inference tables, of one service or of all."""

    service: str | None = None


class TableBlock(Contract):
    """Why a table cannot be written, and what waits for it."""

    reason: str
    since: datetime
    waiting_rows: int = Field(default=0, description="Recorded requests that are not in the table yet.")
    dropped_rows: int = Field(default=0, description="Those that had no room to wait any longer.")


class TableView(Contract):
    """One inference table: `name` is `<service>.<kind>`."""

    name: str
    service: str
    kind: str = Field(description="payload, inferences, labelled, …")
    location: str
    rows: int
    version: int = Field(description="Delta version.")
    updated_at: datetime | None = None
    status: Literal["ok", "blocked", "missing"] = Field(
        default="ok", description="blocked: its rows wait, see `blocked`; missing: its folder is gone."
    )
    blocked: TableBlock | None = None


class TableList(Contract):
    """Tables, by name."""

    items: tuple[TableView, ...]


class TableQuery(Contract):
    """One inference table, opened."""

    table: str


class TableColumn(Contract):
    """One column, as the table itself says."""

    name: str
    type: str = Field(description="In SQL's words: BIGINT, DOUBLE, STRING, ARRAY<STRING>, …")
    nullable: bool = True
    is_partition: bool = False
    original_name: str | None = Field(default=None, description="As the model calls it, where the table cannot.")
    description: str | None = None


class TableCommit(Contract):
    """What changed a table last."""

    version: int
    at: datetime | None = None
    operation: str | None = None


class TableDetails(TableView):
    """One inference table with what its own log says."""

    columns: tuple[TableColumn, ...] = ()
    time_column: str | None = Field(default=None, description="Whose values `from` and `to` mean.")
    bytes: int = 0
    files: int = 0
    from_time: datetime | None = Field(default=None, description="The oldest row's time, where it is known.")
    to_time: datetime | None = Field(default=None, description="The newest row's time, where it is known.")
    last_commit: TableCommit | None = None


class ReadQuery(Contract):
    """Rows of one table, their statistics, or all of them as a file. The answer is fetched in chunks.

    `rows`: a `RowPage`. `statistics`: a `TableStatistics`. `csv`, `parquet`: the file.
    """

    table: str
    result: Literal["rows", "statistics", "csv", "parquet"] = "rows"
    columns: tuple[str, ...] = ()
    where: str | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None
    order: str | None = None
    cursor: str | None = None
    page_size: int = Field(default=100, ge=1, le=1000)
    equal: dict[str, str] = Field(default={}, description="Column → the value that it must have.")


class TopValue(Contract):
    """A frequent value."""

    value: Any
    count: int


class HistogramBin(Contract):
    """Values above `from`, up to `to`; the first bin has its lower bound too."""

    model_config = ConfigDict(populate_by_name=True)

    low: Any = Field(alias="from")
    high: Any = Field(alias="to")
    count: int


class ColumnStatistics(Contract):
    """What is known of the values of one column. What a type does not have is null or empty."""

    name: str
    type: str
    count: int = Field(description="Rows with a value.")
    nulls: int = Field(description="Rows without; numbers that are none (NaN) count as such.")
    distinct: int | None = Field(default=None, description="Different values, estimated within a few per cent.")
    min: Any = None
    max: Any = None
    mean: float | None = None
    stddev: float | None = None
    quantiles: dict[str, Any] = Field(default={}, description="Share of the values → value, estimated.")
    top: tuple[TopValue, ...] = Field(default=(), description="Frequent values, at most 10; the counts are exact.")
    histogram: tuple[HistogramBin, ...] = ()


class TableStatistics(Contract):
    """Statistics of the selected rows."""

    rows: int
    delta_version: int
    columns: tuple[ColumnStatistics, ...]


class AccountingQuery(Contract):
    """What became of the requests that came in for a service."""

    service: str
    from_time: datetime
    to_time: datetime
    step: int = Field(default=60, ge=60, description="Seconds, whole minutes.")


class AccountingPoint(Contract):
    """Requests that came in within one step: accepted = stored + dropped + on_the_way + missing."""

    start: datetime
    accepted: int = Field(description="Requests that were given to a version whose requests are recorded.")
    stored: int = Field(description="Rows of the payload table.")
    dropped: dict[str, int] = Field(default={}, description="Reason → requests that will have no row.")
    on_the_way: int = Field(description="Records in a router's spool, in the stream, or waiting for a table.")
    missing: int = Field(description="Records that are in no table and not on their way: 0 unless something is wrong.")


class AccountingPage(Contract):
    """The steps in which there were requests, and their sum."""

    items: tuple[AccountingPoint, ...]
    total: AccountingPoint


class RowsQuery(Contract):
    """Rows of one table, newest first."""

    table: str
    limit: int = Field(default=100, ge=1, le=1000)
    client_request_id: str | None = None
    request_id: str | None = None


class RowPage(Contract):
    """Rows as plain JSON objects."""

    columns: tuple[str, ...]
    items: tuple[dict[str, Any], ...]
    next_cursor: str | None = None
    delta_version: int | None = None


class DestinationHealth(Contract):
    """How one destination does, as the logger finds it."""

    state: Literal["ok", "failing", "unknown"] = Field(
        default="unknown", description="failing: tables there wait, see `reason`; unknown: not asked, or not known now."
    )
    reason: str | None = Field(default=None, description="Why it fails, in one sentence.")
    since: datetime | None = Field(default=None, description="Since when it is in this state.")
    writing: Literal["concurrent", "single", "unknown"] = Field(
        default="unknown",
        description="concurrent: the store keeps simultaneous commits apart; single: it does not, see `warning`.",
    )
    warning: str | None = Field(default=None, description="What the probe of conditional writes found wrong.")
    waiting_tables: int = Field(default=0, description="Tables there that cannot be written for now.")
    waiting_rows: int = Field(default=0, description="Recorded requests that wait for them.")


class DestinationState(DestinationHealth):
    """The same, with its name."""

    name: str


class DestinationStates(Contract):
    """Every destination that the logger knows of."""

    items: tuple[DestinationState, ...]


class DestinationQuery(Contract):
    """The name of a destination."""

    name: str


class DestinationTest(Contract):
    """What a test of a destination found: an object was written, read, removed, and conditional writes were tried."""

    ok: bool
    message: str = Field(description="What is wrong, or that nothing is, in one sentence.")
    writing: Literal["concurrent", "single", "unknown"] = "unknown"
    warning: str | None = None
    duration_ms: int = 0


TABLES = RpcMethod("inference-logger", "tables", TablesQuery, TableList)
TABLE = RpcMethod("inference-logger", "table", TableQuery, TableDetails)
ACCOUNTING = RpcMethod("inference-logger", "accounting", AccountingQuery, AccountingPage)
ROWS = RpcMethod("inference-logger", "rows", RowsQuery, RowPage)
DESTINATION_STATES = RpcMethod("inference-logger", "destination_states", Nothing, DestinationStates)
TEST_DESTINATION = RpcMethod("inference-logger", "test_destination", DestinationQuery, DestinationTest)
READ = RpcMethod("inference-logger", "read", ReadQuery, ChunkStream)
ERASURE_TERMS = RpcMethod("inference-logger", "erasure_terms", Nothing, ErasureTerms)
ERASURES_BEGUN = RpcMethod("inference-logger", "erasures_begun", ErasureIds, ErasureIds)
"""Those of the orders that something was done for."""
ERASURE_RECEIPT = RpcMethod("inference-logger", "erasure_receipt", ErasureQuery, ErasureReceipt)
