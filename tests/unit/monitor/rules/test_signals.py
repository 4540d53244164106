"""Signals: one for a rule or one for each column, once enough of its windows are bad."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.domain.rules.signals import JudgedWindow, signals_of
from monitor.domain.rules.timing import Window
from monitor.domain.rules.verdicts import Verdict, finite, worst_of
from shared.contracts.quality.monitors import Monitor
from shared.ids import new_id

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rule(**fields: Any) -> Monitor:
    given = {"windows": "2 of 3", "warning": 0.1, "critical": 0.25, **fields}
    return Monitor(id=new_id(), service="wine", name="drift", kind="drift", metric="psi", created_at=NOON, **given)


def past(*windows: dict[str, str]) -> list[JudgedWindow]:
    """Column → state, window by window, oldest first."""
    return [
        JudgedWindow(
            Window(NOON + HOUR * place, NOON + HOUR * (place + 1)),
            [Verdict(state, column, None, 0.5, 0.25, 800) for column, state in window.items()],  # type: ignore[arg-type]
        )
        for place, window in enumerate(windows)
    ]


def test_a_rule_gives_one_signal_with_its_worst_columns_first() -> None:
    history = past({"a": "ok", "b": "critical"}, {"a": "warning", "b": "critical"}, {"a": "warning", "b": "ok"})
    (signal,) = signals_of(rule(), history)
    assert (signal.severity, signal.labels, signal.at) == ("critical", {}, NOON + 3 * HOUR)
    assert [each["column"] for each in signal.evidence["columns"]] == ["b", "a"]
    assert signal.summary == "psi of b is 0.5, threshold 0.25; 1 more"
    assert signals_of(rule(alert="none"), history) == []
    assert signals_of(rule(), []) == []


def test_columns_give_one_each_and_ok_resolves() -> None:
    history = past({"a": "critical", "b": "ok"}, {"a": "critical", "b": "critical"})
    found = {signal.labels["column"]: signal.severity for signal in signals_of(rule(alert="column"), history)}
    assert found == {"a": "critical", "b": "ok"}
    (signal,) = signals_of(rule(), past({"a": "critical"}, {"a": "ok"}, {"a": "ok"}))
    assert (signal.severity, signal.summary) == ("ok", "psi of wine is back within its bounds")


def test_what_says_nothing_is_no_signal_and_is_passed_over() -> None:
    assert signals_of(rule(), past({"a": "critical"}, {"a": "critical"}, {"a": "insufficient_data"})) == []
    between = past({"a": "critical"}, {"a": "error"}, {"a": "insufficient_data"}, {"a": "critical"})
    assert signals_of(rule(), between)[0].severity == "critical"


def test_what_is_bad_comes_before_what_could_not_be_computed() -> None:
    assert worst_of(["ok", "error", "warning"]) == "warning"
    assert worst_of(["ok", "error"]) == "error"
    assert worst_of(["ok", "insufficient_data"]) == "ok"
    assert worst_of([]) == "insufficient_data"


def test_what_no_database_holds_is_left_out() -> None:
    assert finite({"a": float("nan"), "b": [1.5, float("inf")], "c": "x"}) == {"a": None, "b": [1.5, None], "c": "x"}
