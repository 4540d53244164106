"""Erasures: which rows go from every table of a service, and what became of that."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract


class ErasureOrder(Contract):
    """What the inference-logger carries out; it is asked for, and never in an event: it names those who are erased."""

    id: UUID
    service: str
    ordered_at: datetime = Field(description="Requests that came later stay.")
    final_by: datetime
    client_request_ids: tuple[str, ...] = Field(default=(), repr=False)
    request_ids: tuple[str, ...] = Field(default=(), repr=False)
    column: str | None = None
    values: tuple[str, ...] = Field(default=(), repr=False, description="Of the column, as text; hashed ones too.")


class ErasureOrders(Contract):
    """Every order that is not finished."""

    items: tuple[ErasureOrder, ...]


class ErasureTerms(Contract):
    """How long rows may outlive an order: in the stream, and in files that no version of a table needs."""

    stream_s: float
    files_s: float


class TableErasure(Contract):
    """What became of one table."""

    rows: int = Field(default=0, description="Rows that were removed.")
    files_rewritten: int = Field(default=0, description="Files that held them.")
    files_gone: int = Field(default=0, description="Those of them that do not exist any more.")


class ErasureReceipt(Contract):
    """What became of an order."""

    tables: dict[str, TableErasure] = Field(default={}, description="Name of the table → what became of it.")
    first_pass_at: datetime | None = Field(default=None, description="When the rows were first removed.")
    last_pass_at: datetime | None = None
    finished_at: datetime | None = Field(default=None, description="When nothing of them was left in any file.")
    waiting_for: str | None = Field(default=None, description="What keeps it from being finished, if anything does.")
    out_of_reach: tuple[str, ...] = Field(default=(), description="Where copies may be that nobody here can remove.")


class ErasureIds(Contract):
    """Several orders."""

    ids: tuple[UUID, ...]


class ErasureQuery(Contract):
    """An order."""

    id: UUID
