"""Numbers in long form: one entry for each field of each pod and moment that has one, as arrays.

What was not measured has no entry: a field that a pod lacks costs nothing, and is a gap, not a zero. Fields are whole
numbers (seconds in microseconds, cores in millionths), so that sums are exact however often they are merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Places = NDArray[np.int32]
Kind = Literal["traffic", "latency", "usage", "replicas"]
KINDS: tuple[Kind, ...] = ("traffic", "latency", "usage", "replicas")
NOT_ROUTED = ""
"""Stands for the version or pod of requests that were turned away before one was chosen."""

MOST_PREFIXES = ("in_flight", "most_")
LAST_FIELDS = frozenset({"wanted", "running", "ready"})
PRESENT = "samples"
"""How many samples a row is made of: says that there was one, though it counted nothing."""


class Series(NamedTuple):
    """Whose numbers; version and pod are empty where they are not told apart."""

    service: str
    version: str
    pod: str


@dataclass(frozen=True)
class Entries:
    """Parallel arrays: `values[i]` of `fields[field[i]]` of `series[owner[i]]`, in the row from `at[i]` (unix s) on."""

    series: tuple[Series, ...]
    fields: tuple[str, ...]
    at: Ints
    owner: Places
    field: Places
    values: Ints

    def __len__(self) -> int:
        return len(self.values)

    def where(self, mask: NDArray[np.bool_]) -> Entries:
        """Only the entries that `mask` has."""
        return replace(self, at=self.at[mask], owner=self.owner[mask], field=self.field[mask], values=self.values[mask])

    def chosen(self, is_wanted: Sequence[bool]) -> Entries:
        """Only those of the series that are wanted, in the order of `series`."""
        return self if all(is_wanted) else self.where(np.array(is_wanted, bool)[self.owner])

    def between(self, since: int, until: int) -> Entries:
        """Only rows that begin from `since` up to and without `until`."""
        if not len(self) or (self.at.min() >= since and self.at.max() < until):
            return self
        return self.where((self.at >= since) & (self.at < until))


NOTHING = Entries((), (), np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64))


def entries_of(rows: Iterable[tuple[int, Series, Mapping[str, int]]]) -> Entries:
    """Entries from rows: the moment, whose it is, and its fields."""
    series: dict[Series, int] = {}
    fields: dict[str, int] = {}
    flat: list[int] = []
    for at, owner, row in rows:
        place = series.setdefault(owner, len(series))
        for field, value in row.items():
            flat += (at, place, fields.setdefault(field, len(fields)), value)
    moments, owners, numbers, values = np.array(flat, np.int64).reshape(-1, 4).T
    return Entries(
        tuple(series),
        tuple(fields),
        np.ascontiguousarray(moments),
        owners.astype(np.int32),
        numbers.astype(np.int32),
        np.ascontiguousarray(values),
    )


def joined(parts: Sequence[Entries]) -> Entries:
    """All entries, in order; those of the same row and field stay apart."""
    parts = [part for part in parts if len(part)]
    if len(parts) < 2:
        return parts[0] if parts else NOTHING
    series: dict[Any, int] = {}
    fields: dict[Any, int] = {}
    owner = [_renumbered(part.owner, part.series, series) for part in parts]
    field = [_renumbered(part.field, part.fields, fields) for part in parts]
    return Entries(
        tuple(series),
        tuple(fields),
        np.concatenate([part.at for part in parts]),
        np.concatenate(owner),
        np.concatenate(field),
        np.concatenate([part.values for part in parts]),
    )


def _renumbered(places: Places, names: Sequence[Any], known: dict[Any, int]) -> Places:
    numbers = [known.setdefault(name, len(known)) for name in names]
    if len(numbers) == 1:
        return np.full(len(places), numbers[0], np.int32)
    return places if numbers == list(range(len(numbers))) else np.array(numbers, np.int32)[places]


def rolled(entries: Entries, step_s: int) -> Entries:
    """One entry for each field, series and step, in that order: the sum, the most or the last, as the field wants."""
    if not len(entries):
        return entries
    steps = entries.at // step_s
    first = int(steps.min())
    width = int(steps.max()) - first + 1
    codes = (entries.field.astype(np.int64) * len(entries.series) + entries.owner) * width + (steps - first)
    order = np.argsort(codes, kind="stable")
    codes, values = codes[order], entries.values[order]
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    ends = np.r_[starts[1:], len(codes)] - 1
    chosen = order[starts]
    field = entries.field[chosen]
    is_most = np.array([name.startswith(MOST_PREFIXES) for name in entries.fields])[field]
    is_last = np.array([name in LAST_FIELDS for name in entries.fields])[field]
    merged = np.add.reduceat(values, starts)
    merged = np.where(is_most, np.maximum.reduceat(values, starts), merged)
    merged = np.where(is_last, values[ends], merged)
    return replace(entries, at=steps[chosen] * step_s, owner=entries.owner[chosen], field=field, values=merged)


def spread(entries: Entries, step_s: int, into_s: int) -> Entries:
    """Rows of `step_s` as rows of `into_s`, which divides it: each gets its share of what adds up."""
    parts = step_s // into_s
    shares = []
    is_shared = np.array([not (name.startswith(MOST_PREFIXES) or name in LAST_FIELDS) for name in entries.fields], bool)
    for part in range(parts):
        share = entries.values * (part + 1) // parts - entries.values * part // parts
        values = np.where(is_shared[entries.field], share, entries.values)
        shares.append(replace(entries, at=entries.at + part * into_s, values=values))
    return joined(shares)
