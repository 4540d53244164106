"""Preflight: what a candidate answers to recorded requests, beside what was recorded. Pure.

A column that is masked in the log cannot be replayed as it was. Then both versions are asked the same masked request,
and their answers are compared with each other; masked columns of the answers are left out.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isclose, isfinite, isnan
from statistics import median, quantiles
from typing import Any, Literal, TypeGuard

from pydantic import BaseModel, Field

from controller.domain.canaries.plan import PreflightRule
from shared.counted import counted
from shared.text import without_nul

MOST_SLICES = 20
MOST_ERRORS = 5
MOST_COLUMNS = 100
LONGEST_VALUE = 128
LONGEST_MESSAGE = 500
LARGEST_NUMBER = 2**1023
"""Beyond it are integers that no float holds, which JSON may have all the same."""


@dataclass(frozen=True)
class Reply:
    """What one version answered; `answer` is parsed, None where it is not JSON."""

    status: int
    answer: Any
    duration_ms: float


@dataclass(frozen=True)
class Replay:
    """One recorded request, what the stable version answered to it, and what the candidate did."""

    request: Any
    before: Reply
    after: Reply


class ColumnDifference(BaseModel):
    """One column of the answers."""

    name: str
    compared: int = Field(description="Rows.")
    changed: int = Field(description="Rows with another value.")
    mean_difference: float | None = Field(description="Of numbers: mean of candidate - stable.")
    max_difference: float | None = Field(description="Of numbers: the largest, without its sign.")


class SliceDifference(BaseModel):
    """The rows with one value of the slice's column."""

    value: str
    compared: int
    changed: int


class ErrorCount(BaseModel):
    """Requests that the candidate failed."""

    status: int
    count: int
    message: str = Field(description="Of the first of them.")


class LatencyComparison(BaseModel):
    """Milliseconds, as they were recorded (or measured in the replay) and as the candidate took."""

    stable_p50_ms: float
    stable_p95_ms: float
    candidate_p50_ms: float
    candidate_p95_ms: float


class PreflightReport(BaseModel):
    """What the replay found."""

    state: Literal["passed", "failed", "skipped"]
    reason: str
    at: datetime
    requests: int = Field(default=0, description="Asked of the candidate.")
    left_out: int = Field(default=0, description="Not asked, or refused by the stable version too.")
    errors: int = 0
    compared_with: Literal["recorded", "stable"] = Field(
        default="recorded", description="stable: columns are masked, so both versions were asked anew."
    )
    masked_columns: tuple[str, ...] = ()
    rows: int = Field(default=0, description="Rows of answers that were compared.")
    changed: int = Field(default=0, description="Rows with another value in any column.")
    columns: tuple[ColumnDifference, ...] = ()
    slices: tuple[SliceDifference, ...] = ()
    failures: tuple[ErrorCount, ...] = ()
    latency: LatencyComparison | None = None


def report_of(
    rule: PreflightRule, replays: Sequence[Replay], left_out: int, masked: Collection[str], at: datetime
) -> PreflightReport:
    """The report on what was asked."""
    if not replays:
        return PreflightReport(state="skipped", reason="there is no recorded request", at=at, left_out=left_out)
    found = _Differences(rule, {name.lower() for name in masked})
    for replay in replays:
        found.add(replay)
    latency = _latency(replays)
    reason = _failure(rule, found, len(replays), latency)
    return PreflightReport(
        state="passed" if reason is None else "failed",
        reason=reason or f"{len(replays)} recorded requests were answered",
        at=at,
        requests=len(replays),
        left_out=left_out,
        errors=found.errors,
        compared_with="stable" if masked else "recorded",
        masked_columns=tuple(sorted(masked)),
        rows=found.rows,
        changed=found.changed,
        columns=found.columns(),
        slices=found.slices(),
        failures=found.failures(),
        latency=latency,
    )


def _failure(rule: PreflightRule, found: _Differences, requests: int, latency: LatencyComparison) -> str | None:
    if found.errors > rule.max_errors * requests:
        of = counted(requests, "request")
        return f"{found.errors} of {of} failed that {'was' if requests == 1 else 'were'} answered before"
    if rule.max_changed is not None and found.changed > rule.max_changed * found.rows:
        have = "has" if found.rows == 1 else "have"
        return f"{found.changed} of {counted(found.rows, 'row')} {have} another prediction"
    ratio = rule.max_latency_ratio
    if ratio is not None and latency.candidate_p50_ms > ratio * latency.stable_p50_ms:
        return f"median latency {latency.candidate_p50_ms:.1f} ms, recorded {latency.stable_p50_ms:.1f} ms"
    return None


class _Differences:
    """Sums over replays."""

    def __init__(self, rule: PreflightRule, masked: Collection[str]) -> None:
        self._rule, self._masked = rule, masked
        self.errors = self.rows = self.changed = 0
        self._compared: Counter[str] = Counter()
        self._changed: Counter[str] = Counter()
        self._numbers: defaultdict[str, list[float]] = defaultdict(list)
        self._slices: dict[str, list[int]] = {}
        self._failures: dict[int, list[Any]] = {}

    def add(self, replay: Replay) -> None:
        """Count one."""
        if replay.after.status != 200:
            self.errors += 1
            self._failures.setdefault(replay.after.status, [0, _message(replay.after.answer)])[0] += 1
            return
        before, after = rows_of(replay.before.answer), rows_of(replay.after.answer)
        values = slice_values(replay.request, self._rule.slice) if self._rule.slice else []
        for place in range(max(len(before), len(after))):
            old = before[place] if place < len(before) else {}
            new = after[place] if place < len(after) else {}
            is_changed = self._add_row(old, new)
            if self._rule.slice:
                self._add_slice(values[place] if place < len(values) else None, is_changed=is_changed)

    def _add_row(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        self.rows += 1
        is_changed = False
        for name in dict.fromkeys((*old, *new)):
            if name.lower() in self._masked or (name not in self._compared and len(self._compared) >= MOST_COLUMNS):
                continue
            self._compared[name] += 1
            one, other = old.get(name), new.get(name)
            if _is_number(one) and _is_number(other):
                self._numbers[name].append(float(other) - float(one))
            if not is_same(one, other, self._rule.tolerance):
                self._changed[name] += 1
                is_changed = True
        self.changed += is_changed
        return is_changed

    def _add_slice(self, value: Any, *, is_changed: bool) -> None:
        counts = self._slices.setdefault(_text(value), [0, 0])
        counts[0] += 1
        counts[1] += is_changed

    def columns(self) -> tuple[ColumnDifference, ...]:
        """By name, those that changed most first."""
        names = sorted(self._compared, key=lambda name: (-self._changed[name] / self._compared[name], name))
        return tuple(self._column(name) for name in names)

    def _column(self, name: str) -> ColumnDifference:
        numbers = self._numbers.get(name)
        return ColumnDifference(
            name=_storable(name, LONGEST_VALUE),
            compared=self._compared[name],
            changed=self._changed[name],
            mean_difference=_finite(sum(numbers) / len(numbers)) if numbers else None,
            max_difference=_finite(max(map(abs, numbers))) if numbers else None,
        )

    def slices(self) -> tuple[SliceDifference, ...]:
        """The largest."""
        largest = sorted(self._slices.items(), key=lambda found: (-found[1][0], found[0]))[:MOST_SLICES]
        return tuple(SliceDifference(value=value, compared=rows, changed=other) for value, (rows, other) in largest)

    def failures(self) -> tuple[ErrorCount, ...]:
        """The most frequent."""
        found = sorted(self._failures.items(), key=lambda item: -item[1][0])[:MOST_ERRORS]
        return tuple(ErrorCount(status=status, count=count, message=text) for status, (count, text) in found)


def rows_of(answer: Any) -> list[dict[str, Any]]:
    """`{"predictions": …}` as rows of columns: a value is `prediction`, parts of a list `prediction_0` and so on."""
    predictions = answer.get("predictions") if isinstance(answer, Mapping) else answer
    if isinstance(predictions, Mapping):
        return list(_transposed(predictions))
    return [_columns(row) for row in predictions] if isinstance(predictions, list) else [{"prediction": predictions}]


def slice_values(request: Any, column: str) -> list[Any]:
    """The column's values by row, out of any of the shapes of a scoring request; empty where it is not there."""
    if not isinstance(request, Mapping):
        return []
    if isinstance(split := request.get("dataframe_split"), Mapping):
        names = split.get("columns")
        if not isinstance(names, list) or column not in names or not isinstance(split.get("data"), list):
            return []
        place = names.index(column)
        return [row[place] if isinstance(row, list) and place < len(row) else None for row in split["data"]]
    for shape in ("dataframe_records", "instances", "inputs"):
        if isinstance(rows := request.get(shape), list):
            return [row.get(column) if isinstance(row, Mapping) else None for row in rows]
        if isinstance(rows, Mapping) and isinstance(rows.get(column), list):
            return list(rows[column])
    return []


def is_same(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two values are the same; numbers within the tolerance, lists element by element.

    What is nested too deep to be compared is not.
    """
    try:
        return _is_same(one, other, tolerance)
    except RecursionError:
        return False


def _is_same(one: Any, other: Any, tolerance: float) -> bool:
    if _is_number(one) and _is_number(other):
        return isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_is_same(a, b, tolerance) for a, b in zip(one, other, strict=True))
    return bool(one == other) or (_is_nan(one) and _is_nan(other))


def _columns(row: Any) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return {str(name): value for name, value in row.items()}
    if isinstance(row, list):
        return {f"prediction_{place}": value for place, value in enumerate(row)}
    return {"prediction": row}


def _transposed(columns: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    lists = {str(name): values for name, values in columns.items() if isinstance(values, list)}
    if not lists:
        yield {str(name): value for name, value in columns.items()}
        return
    for place in range(max(map(len, lists.values()))):
        yield {name: values[place] if place < len(values) else None for name, values in lists.items()}


def _latency(replays: Sequence[Replay]) -> LatencyComparison:
    before = [replay.before.duration_ms for replay in replays]
    after = [replay.after.duration_ms for replay in replays]
    return LatencyComparison(
        stable_p50_ms=median(before),
        stable_p95_ms=_p95(before),
        candidate_p50_ms=median(after),
        candidate_p95_ms=_p95(after),
    )


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def _is_number(value: Any) -> TypeGuard[float]:
    """One that can be reckoned with: neither NaN nor infinite (which Python reads in JSON), nor beyond any float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= LARGEST_NUMBER


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and isnan(value)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _text(value: Any) -> str:
    """A value of a slice; what is a list or an object by its kind alone, however deep it goes."""
    if isinstance(value, list | Mapping):
        return "[…]" if isinstance(value, list) else "{…}"
    return _storable(value if isinstance(value, str) else json.dumps(value, default=str), LONGEST_VALUE)


def _storable(text: str, most: int) -> str:
    """Its start, as every database and JSON take it: a model's answer may hold NUL and lone surrogates."""
    return without_nul(text[:most].encode(errors="replace").decode())


def _message(answer: Any) -> str:
    message = answer.get("message") if isinstance(answer, Mapping) else None
    return _storable(message, LONGEST_MESSAGE) if isinstance(message, str) else ""
