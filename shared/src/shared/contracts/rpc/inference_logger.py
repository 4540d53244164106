"""RPC methods of the inference logger: inference tables and their rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from shared.contracts.base import Contract
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
    kind: Literal["payload", "inferences", "labelled"]
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


class DestinationState(Contract):
    """How one destination does, as the logger finds it."""

    name: str
    state: Literal["ok", "failing", "unknown"] = Field(
        default="unknown", description="failing: tables there wait, see `reason`; unknown: not used or asked yet."
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
ROWS = RpcMethod("inference-logger", "rows", RowsQuery, RowPage)
DESTINATION_STATES = RpcMethod("inference-logger", "destination_states", Nothing, DestinationStates)
TEST_DESTINATION = RpcMethod("inference-logger", "test_destination", DestinationQuery, DestinationTest)
