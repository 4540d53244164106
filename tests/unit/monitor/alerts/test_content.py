"""What of the evidence of an alert a message shows."""

from __future__ import annotations

from typing import Any

from monitor.handlers.alerts.content import LONGEST_FACT, facts_of

RULE = {
    "metric": "psi",
    "window": {"start": "2026-05-01T11:00:00Z", "end": "2026-05-01T12:00:00Z"},
    "report": "/api/v1/services/wine/monitors/drift/windows/report?end=2026-05-01T12:00:00Z",
    "rows": 1200,
    "columns": [
        {"column": "alcohol", "slice": None, "severity": "critical", "value": 0.41234, "threshold": 0.25},
        {"column": "ph", "slice": "region = 'north'", "severity": "warning", "value": 0.3, "threshold": None},
    ],
}


def test_evidence_of_a_rule_is_figures_a_window_and_a_link() -> None:
    assert dict(facts_of(RULE, "https://penstock.example/")) == {
        "metric": "psi",
        "window": "2026-05-01T11:00:00Z – 2026-05-01T12:00:00Z",
        "report": f"https://penstock.example{RULE['report']}",
        "rows": "1200",
        "column": "alcohol 0.4123 / 0.25, ph (region = 'north') 0.3",
    }


def test_what_is_too_much_for_a_message_is_left_out_or_cut() -> None:
    evidence: dict[str, Any] = {
        "log_tail": ["a"] * 20,
        "nested": {"a": {}},
        "reason": "x" * 999,
        "none": None,
        "pair": [1, 2],
    }
    many = {f"f{number}": number for number in range(30)}
    columns = {"columns": [{"column": f"c{number}"} for number in range(9)]}

    shown = dict(facts_of(evidence))

    assert shown == {"reason": "x" * (LONGEST_FACT - 1) + "…", "pair": "1 – 2"}
    assert len(dict(facts_of(many))) == 12
    assert dict(facts_of(columns)) == {"column": "c0, c1, c2, c3, …"}
