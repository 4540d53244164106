"""Profiles as bytes: compressed JSON with the sketches in base64. The version stands in it."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles.bins import Bins, Categories, ColumnBins, Edges
from monitor.domain.statistics.profiles.column import BinCounts, ColumnProfile, Lengths, Moments

_VERSION = 1
_MAX_BYTES = 256 * 2**20


def to_bytes(rows: int, columns: Mapping[str, ColumnProfile]) -> bytes:
    """`from_bytes` reads it."""
    document = {"version": _VERSION, "rows": rows, "columns": [_from_column(column) for column in columns.values()]}
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode())


def from_bytes(data: bytes) -> tuple[int, dict[str, ColumnProfile]]:
    """Rows, and columns by name. ValueError where it is something else, or of a later version."""
    try:
        document = json.loads(zlib.decompressobj().decompress(data, _MAX_BYTES))
        if document["version"] != _VERSION:
            raise ValueError(f"a profile of version {document['version']}")
        columns = [_to_column(column) for column in document["columns"]]
        return int(document["rows"]), {column.name: column for column in columns}
    except (zlib.error, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a profile: {error!r}") from error


def _from_column(column: ColumnProfile) -> dict[str, Any]:
    moments, lengths = column.moments, column.lengths
    return {
        "name": column.name,
        "kind": column.kind.value,
        "data_type": column.data_type,
        "counts": [column.count, column.nulls, column.nans, column.zeros, column.infinities],
        "moments": [moments.count, moments.mean, moments.squares, moments.minimum, moments.maximum],
        "lengths": [lengths.count, lengths.total, lengths.minimum, lengths.maximum],
        "quantiles": _text(column.quantile_sketch),
        "distinct": _text(column.distinct_sketch),
        "values": column.value_counts,
        "frequent": _text(column.frequent_sketch),
        "bins": _from_bins(column.bin_counts),
    }


def _to_column(document: Mapping[str, Any]) -> ColumnProfile:
    count, nulls, nans, zeros, infinities = document["counts"]
    found = document["values"]
    return ColumnProfile(
        name=document["name"],
        kind=ColumnKind(document["kind"]),
        data_type=document["data_type"],
        count=count,
        nulls=nulls,
        nans=nans,
        zeros=zeros,
        infinities=infinities,
        moments=Moments(*document["moments"]),
        lengths=Lengths(*document["lengths"]),
        quantile_sketch=_bytes(document["quantiles"]),
        distinct_sketch=_bytes(document["distinct"]),
        value_counts=None if found is None else tuple((text, number) for text, number in found),
        frequent_sketch=_bytes(document["frequent"]),
        bin_counts=_to_bins(document["bins"]),
    )


def _from_bins(counts: BinCounts | None) -> dict[str, Any] | None:
    if counts is None:
        return None
    frozen = counts.frozen
    document: dict[str, Any] = {"low": frozen.low, "high": frozen.high}
    if isinstance(frozen.bins, Edges):
        document["edges"] = frozen.bins.edges
    elif isinstance(frozen.bins, Categories):
        document["categories"] = frozen.bins.values
    return {**document, "counts": counts.counts, "below": counts.below, "above": counts.above}


def _to_bins(document: Mapping[str, Any] | None) -> BinCounts | None:
    if document is None:
        return None
    bins: Bins | None = None
    if "edges" in document:
        bins = Edges(tuple(document["edges"]))
    elif "categories" in document:
        bins = Categories(tuple(document["categories"]))
    frozen = ColumnBins(bins, document["low"], document["high"])
    return BinCounts(frozen, tuple(document["counts"]), document["below"], document["above"])


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
