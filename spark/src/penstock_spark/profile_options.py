"""What the job `profiles` is submitted with, and what of it cannot be. Pure; `now` is passed in."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.domain.statistics.columns import EVERY
from penstock_spark.errors import Refused
from penstock_spark.steps.windows import Span, Windows, span_of, time_of, whole_windows


@dataclass(frozen=True)
class BaselineSource:
    """A span of a table's rows, or all of them."""

    table: str | None = None
    """None: the table that is profiled."""
    span: Span | None = None


@dataclass(frozen=True)
class ProfilesJob:
    """What the job was submitted with."""

    table: str
    target: str
    windows: Windows
    drift_target: str | None = None
    baseline: BaselineSource | None = None
    columns: Sequence[str] = (EVERY,)
    slices: Sequence[str] = ()
    by_version: bool = False


def read_options(asked: argparse.Namespace, now: datetime) -> ProfilesJob:
    """Raises `Refused`."""
    baseline = _baseline(asked)
    if (baseline is None) != (asked.drift_target is None):
        raise Refused("drift is of a baseline: give both --drift-target and --baseline-table or --baseline-start")
    if asked.target == asked.drift_target:
        raise Refused("--target and --drift-target are one place")
    return ProfilesJob(
        table=asked.table,
        target=asked.target,
        windows=_windows(asked, now),
        drift_target=asked.drift_target,
        baseline=baseline,
        columns=tuple(asked.column or (EVERY,)),
        slices=tuple(asked.slice),
        by_version=asked.by_version,
    )


def _windows(asked: argparse.Namespace, now: datetime) -> Windows:
    if not 0 <= asked.delay <= timedelta(days=366).total_seconds():
        raise Refused(f"--delay {asked.delay} is not from 0 to 31622400 seconds")
    if asked.last < 1:
        raise Refused(f"--last {asked.last} is no number of windows")
    closed = now - timedelta(seconds=asked.delay)
    start = None if asked.start is None else time_of("--start", asked.start)
    end = closed if asked.end is None else time_of("--end", asked.end)
    return whole_windows(asked.granularity, start, min(end, closed), asked.last)


def _baseline(asked: argparse.Namespace) -> BaselineSource | None:
    start, end = asked.baseline_start, asked.baseline_end
    if (start is None) != (end is None):
        raise Refused("--baseline-start and --baseline-end go together")
    if start is None and asked.baseline_table is None:
        return None
    return BaselineSource(asked.baseline_table, None if start is None else span_of("--baseline", start, end))
