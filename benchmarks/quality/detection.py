"""False alarms without drift and delay with it, of our rules, on the windows that Evidently gets too."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from benchmarks.quality.windows import Columns, Setting, shifted, unchanged
from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.drift.compare import drift_of_table
from monitor.domain.statistics.drift.figures import DriftFigures
from monitor.domain.statistics.judging.drift import DriftRule, judge_drift, worst
from monitor.domain.statistics.judging.states import State, of_windows
from monitor.domain.statistics.profiles.builder import ProfileBuilder

COUNTS = (1, 20, 100)
RULES: Mapping[str, DriftRule] = {
    "psi, defaults": DriftRule(),
    "psi, threshold 0": DriftRule(warning=0.0, critical=None),
    "wasserstein 0.1": DriftRule(metric="wasserstein", warning=0.1, critical=None),
}
_NEEDED, _OF = 2, 3
_LEVELS = ("warning", "critical")


def false_alarms(setting: Setting, windows: int) -> dict[str, Any]:
    """Rule → number of columns → share of windows with any alarm, alone and 2 of 3; and seconds of CPU."""
    started = time.process_time()
    states: dict[tuple[str, int], list[State]] = {(rule, count): [] for rule in RULES for count in COUNTS}
    for baseline, group in unchanged(setting, windows):
        frozen = _baseline(baseline)
        for window in group:
            figures = _figures(window, frozen)
            for (rule, count), seen in states.items():
                seen.append(_state(figures[:count], RULES[rule]))
    shares = {
        rule: {
            str(count): {"a_window": _share(states[rule, count]), "2_of_3": _share(_steady(states[rule, count]))}
            for count in COUNTS
        }
        for rule in RULES
    }
    return {"rules": shares, "cpu_s": round(time.process_time() - started, 1)}


def delays(setting: Setting, shift: float, runs: int, windows: int) -> dict[str, Any]:
    """Rule → median windows until the column that has moved alarms (20 columns are judged), and the share found."""
    found: dict[str, list[int | None]] = {f"{rule}{steady}": [] for rule in RULES for steady in ("", ", 2 of 3")}
    for baseline, group in shifted(setting, shift, runs, windows):
        frozen = _baseline(baseline)
        figures = [_figures(window, frozen) for window in group]
        for rule, options in RULES.items():
            states = [judge_drift(_of_numbers(one, options), options)[0].state for one in figures]
            found[rule].append(first_alarm([state in _LEVELS for state in states]))
            found[f"{rule}, 2 of 3"].append(first_alarm([state in _LEVELS for state in _steady(states)]))
    return {name: summed_up(places) for name, places in found.items()}


def first_alarm(alarms: Sequence[bool]) -> int | None:
    """The first window is 1; None: never."""
    return next((place for place, is_alarm in enumerate(alarms, 1) if is_alarm), None)


def summed_up(places: Sequence[int | None]) -> dict[str, Any]:
    """Median over the runs that found it, and the share of runs that did."""
    seen = sorted(place for place in places if place is not None)
    return {"median": seen[len(seen) // 2] if seen else None, "found": len(seen) / len(places)}


def _baseline(columns: Columns) -> Baseline:
    return Baseline.from_batches(lambda: [pa.record_batch(columns)])


def _figures(window: Columns, baseline: Baseline) -> tuple[DriftFigures, ...]:
    builder = ProfileBuilder(frozen=baseline.frozen())
    builder.add(pa.record_batch(window))
    return drift_of_table(builder.finish(), baseline)


def _of_numbers(figures: Sequence[DriftFigures], rule: DriftRule) -> list[DriftFigures]:
    return [one for one in figures if one.value(rule.metric) is not None]


def _state(figures: Sequence[DriftFigures], rule: DriftRule) -> State:
    return worst(judge_drift(_of_numbers(figures, rule), rule))


def _steady(states: Sequence[State]) -> list[State]:
    return [of_windows(states[max(0, place - 9) : place + 1], _NEEDED, _OF) for place in range(len(states))]


def _share(states: Sequence[State]) -> float:
    return sum(state in _LEVELS for state in states) / len(states)
