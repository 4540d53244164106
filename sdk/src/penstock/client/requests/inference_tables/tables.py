"""What is asked of inference tables: what there is, rows by filter, statistics, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TypedDict, TypeVar, Unpack

from penstock.client.requests.base import Listing, Request, between, given, path
from penstock.client.types import Json

Answer = TypeVar("Answer")


class RowSelection(TypedDict, total=False):
    """Which rows, and which of their columns (default all).

    `where`: such as `alcohol > 9 and version in ('v1', 'v2')`; `from_time`, `to_time`: of `request_time`, ISO-8601.
    """

    where: str | None
    columns: Sequence[str]
    from_time: str | None
    to_time: str | None


@dataclass(frozen=True)
class FileRequest(Request[Answer]):
    """A request whose answer is written to a file, piece by piece."""

    target: str | PathLike[str] = ""


def tables(*, service: str | None = None) -> Listing[Json]:
    """Inference tables: where each lies, how many rows it has."""
    return Listing("GET", "/inference-tables", given(service=service))


def table(name: str) -> Request[Json]:
    """One inference table, opened: columns with types, size, files, last commit."""
    return Request("GET", path("inference-tables", name))


def rows(
    table: str,
    *,
    client_request_id: str | None = None,
    request_id: str | None = None,
    order: str | None = None,
    page_size: int = 100,
    **wanted: Unpack[RowSelection],
) -> Request[list[Json]]:
    """The first page of the rows of an inference table, newest first."""
    found = each_row(
        table,
        client_request_id=client_request_id,
        request_id=request_id,
        order=order,
        page_size=page_size,
        **wanted,
    )
    return Request("GET", found.path, found.params, read=lambda body: list(body["items"]))


def each_row(
    table: str,
    *,
    client_request_id: str | None = None,
    request_id: str | None = None,
    order: str | None = None,
    page_size: int = 500,
    **wanted: Unpack[RowSelection],
) -> Listing[Json]:
    """Every row, page by page, newest first; `order`: a column, `-column` for descending.

    All pages show the table as it was at the first one.
    """
    asked = given(client_request_id=client_request_id, request_id=request_id, order=order, page_size=page_size)
    params = {**_selection(**wanted), **asked}
    return Listing("GET", path("inference-tables", table, "rows"), params)


def table_statistics(table: str, **wanted: Unpack[RowSelection]) -> Request[Json]:
    """Of each column: nulls, different values, range, mean, quantiles, frequent values, a histogram."""
    return Request("GET", path("inference-tables", table, "statistics"), _selection(**wanted))


def download_table(
    table: str,
    target: str | PathLike[str],
    *,
    format: str = "parquet",  # noqa: A002
    **wanted: Unpack[RowSelection],
) -> FileRequest[None]:
    """Write rows to the file `target`, as `parquet` or `csv`; it is there when it is whole."""
    params = {**_selection(**wanted), "format": format}
    where = path("inference-tables", table, "download")
    return FileRequest("GET", where, params, target=target)


def accounting(
    service: str, *, from_time: str | None = None, to_time: str | None = None, step: int = 60
) -> Request[Json]:
    """What became of the requests that came in, by `step` (s): stored, dropped and why, on the way, missing."""
    params = given(step=step, **between(from_time, to_time))
    return Request("GET", path("services", service, "accounting"), params)


def signatures(service: str) -> Request[Json]:
    """What each version's model said of its columns, by generation: for a Spark that makes inferences."""
    return Request("GET", path("services", service, "signatures"))


def _selection(
    *,
    where: str | None = None,
    columns: Sequence[str] = (),
    from_time: str | None = None,
    to_time: str | None = None,
) -> Json:
    """A `RowSelection` as parameters; TypeError for what is none."""
    return given(where=where, columns=list(columns) or None, **between(from_time, to_time))
