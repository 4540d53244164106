"""Signals of a rule: what its last windows say, for alerts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Literal

from monitor.domain.alerts.signals import Signal
from monitor.domain.rules.timing import Window
from monitor.domain.rules.verdicts import Verdict
from monitor.domain.statistics.judging.states import State, of_windows
from shared.contracts.quality.monitors import Monitor, windows_needed

MOST_RANKED = 10
Key = tuple[str | None, str | None]
"""Column and slice."""
_RANK = {"ok": 0, "warning": 1, "critical": 2}


@dataclass(frozen=True)
class JudgedWindow:
    """A window of the past with its verdicts."""

    window: Window
    verdicts: Sequence[Verdict]


@dataclass(frozen=True)
class _Judged:
    """What the last windows say of one column and slice together."""

    key: Key
    severity: Literal["ok", "warning", "critical"]
    newest: Verdict


def signals_of(rule: Monitor, history: Sequence[JudgedWindow]) -> list[Signal]:
    """What the windows of `history` (oldest first) say; nothing of what the newest of them cannot tell."""
    if rule.alert == "none" or not history:
        return []
    needed, of = windows_needed(rule.windows)
    judged = list(_judged(history, needed, of))
    if not judged:
        return []
    newest = history[-1].window
    if rule.alert == "column":
        return [_signal(rule, newest, _labels(each.key), [each]) for each in judged]
    return [_signal(rule, newest, {}, judged)]


def _judged(history: Sequence[JudgedWindow], needed: int, of: int) -> Iterable[_Judged]:
    states: dict[Key, list[State]] = {}
    for past in history:
        for verdict in past.verdicts:
            states.setdefault((verdict.column, verdict.slice), []).append(verdict.state)
    for newest in history[-1].verdicts:
        key = (newest.column, newest.slice)
        state = of_windows(states[key], needed, of)
        if state == "ok" or state == "warning" or state == "critical":  # noqa: PLR1714 - narrows the type
            yield _Judged(key, state, newest)


def _labels(key: Key) -> dict[str, str]:
    return {name: value for name, value in zip(("column", "slice"), key, strict=True) if value is not None}


def _signal(rule: Monitor, window: Window, labels: Mapping[str, str], judged: Sequence[_Judged]) -> Signal:
    ranked = sorted(judged, key=lambda each: (_RANK[each.severity], _excess(each.newest)), reverse=True)
    severity = ranked[0].severity
    return Signal(
        service=rule.service,
        monitor=rule.name,
        kind=rule.kind,
        labels=labels,
        severity=severity,
        summary=_summary(rule, severity, ranked),
        evidence=_evidence(rule, window, ranked),
        at=window.end,
    )


def _excess(verdict: Verdict) -> float:
    """How far a value is past its threshold, to rank columns by."""
    if verdict.value is None:
        return float("-inf")
    return abs(verdict.value) / abs(verdict.threshold) if verdict.threshold else abs(verdict.value)


def _summary(rule: Monitor, severity: str, ranked: Sequence[_Judged]) -> str:
    if severity == "ok":
        return f"{rule.metric} of {rule.service} is back within its bounds"
    first, bad = ranked[0], [each for each in ranked if each.severity != "ok"]
    where = " ".join(part for part in (first.newest.column, first.newest.slice and f"({first.newest.slice})") if part)
    bound = "" if first.newest.threshold is None else f", threshold {first.newest.threshold:.4g}"
    value = "unknown" if first.newest.value is None else f"{first.newest.value:.4g}"
    more = f"; {len(bad) - 1} more" if len(bad) > 1 else ""
    return f"{rule.metric} of {where or rule.service} is {value}{bound}{more}"


def _utc(window: Window) -> str:
    return window.end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _evidence(rule: Monitor, window: Window, ranked: Sequence[_Judged]) -> dict[str, Any]:
    return {
        "metric": rule.metric,
        "window": {"start": window.start.isoformat(), "end": window.end.isoformat()},
        "report": f"/api/v1/services/{rule.service}/monitors/{rule.name}/windows/report?end={_utc(window)}",
        "rows": max((each.newest.rows for each in ranked), default=0),
        "columns": [
            {
                "column": each.newest.column,
                "slice": each.newest.slice,
                "severity": each.severity,
                "value": each.newest.value,
                "threshold": each.newest.threshold,
            }
            for each in ranked[:MOST_RANKED]
            if each.severity != "ok" or len(ranked) == 1
        ],
    }
