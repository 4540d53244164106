"""RPC methods of the inference logger: inference tables and their rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.rpc.method import RpcMethod


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


TABLES = RpcMethod("inference-logger", "tables", TablesQuery, TableList)
ROWS = RpcMethod("inference-logger", "rows", RowsQuery, RowPage)
