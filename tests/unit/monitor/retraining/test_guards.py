"""Guards, matching and keys of retraining."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from monitor.domain.retraining import asking
from monitor.domain.retraining.guards import PastRetraining, refusal_by_coverage, refusal_by_history
from monitor.domain.retraining.http import HttpAnswer, delay_s, refusal_of
from shared.contracts.retraining import AlertMatch, RetrainingGuards, RetrainingTrigger
from shared.events import AlertRaised, AlertUpdated

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
GUARDS = RetrainingGuards(cool_down=timedelta(hours=6), max_per_day=2, min_label_coverage=0.3)
WINDOW = {"start": "2026-05-01T11:00:00Z", "end": "2026-05-01T12:00:00Z"}


def ago(**hours: float) -> datetime:
    return NOON - timedelta(**hours)


def ended(hours: float, state: str = "succeeded") -> PastRetraining:
    return PastRetraining(state, ago(hours=hours + 1), ago(hours=hours))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("past", "is_forced", "reason"),
    [
        ([], False, None),
        ([PastRetraining("running", ago(hours=30))], False, "InFlight"),
        ([PastRetraining("requested", ago(hours=0))], True, "InFlight"),
        ([ended(5.9)], False, "CoolDown"),
        ([ended(5.9, "failed")], False, "CoolDown"),
        ([ended(5.9)], True, None),
        ([ended(6.0)], False, None),
        ([ended(7), ended(15)], False, "DayMaximum"),
        ([ended(7), ended(15)], True, None),
        ([ended(7), ended(24)], False, None),
        ([ended(1, "refused"), ended(2, "refused"), ended(3, "refused")], False, None),
    ],
)
def test_what_ran_before_forbids_another_one(past: list[PastRetraining], is_forced: bool, reason: str | None) -> None:
    refusal = refusal_by_history(GUARDS, past, NOON, is_forced=is_forced)
    assert (refusal.reason if refusal else None) == reason


def test_too_few_labels_forbid_it() -> None:
    assert refusal_by_coverage(GUARDS, 0.3) is None
    refusal = refusal_by_coverage(GUARDS, 0.299)
    assert refusal is not None
    assert refusal.reason == "LowLabelCoverage"
    assert "29.9%" in refusal.message
    assert refusal_by_coverage(GUARDS.model_copy(update={"min_label_coverage": None}), 0.0) is None


def trigger(**fields: Any) -> RetrainingTrigger:
    whole = {
        "id": UUID(int=1),
        "service_id": UUID(int=2),
        "service": "wine",
        "project": "default",
        "name": "drifted",
        "model": "wine_quality",
        "on_alert": AlertMatch(severity="critical"),
        "action": {"kind": "webhook", "url": "https://example.org"},
        "guards": GUARDS,
        "time_limit": timedelta(hours=1),
        **fields,
    }
    return RetrainingTrigger.model_validate(whole)


def alert(**fields: Any) -> AlertRaised:
    return AlertRaised.model_validate(_alert(**fields))


def _alert(**fields: Any) -> dict[str, Any]:
    return {
        "alert_id": UUID(int=3),
        "fingerprint": "f" * 32,
        "revision": 1,
        "service": "wine",
        "monitor": "drift",
        "kind": "drift",
        "severity": "critical",
        "labels": {"column": "alcohol"},
        "summary": "alcohol has drifted",
        "evidence": {"window": WINDOW, "psi": 0.4},
        "opened_at": NOON,
        **fields,
    }


def test_alerts_start_the_triggers_that_ask_for_them() -> None:
    assert asking.starts(trigger(), alert())
    assert not asking.starts(trigger(), alert(severity="warning"))
    assert asking.starts(trigger(on_alert=AlertMatch(severity="warning")), alert())
    assert not asking.starts(trigger(on_alert=None), alert())
    assert not asking.starts(trigger(is_paused=True), alert())
    assert not asking.starts(trigger(service="tea"), alert())
    for labels, does in (
        ({"column": "alcohol"}, True),
        ({"column": "colour"}, False),
        ({"monitor": "drift", "kind": "drift"}, True),
        ({"monitor": "errors"}, False),
        ({"slice": "x"}, False),
    ):
        assert asking.starts(trigger(on_alert=AlertMatch(labels=labels)), alert()) is does, labels


def test_an_alert_that_becomes_worse_starts_what_it_did_not_when_it_was_raised() -> None:
    def updated(before: str, now: str) -> AlertUpdated:
        return AlertUpdated.model_validate(_alert(severity=now) | {"state": "open", "previous_severity": before})

    assert asking.starts(trigger(), updated("warning", "critical"))
    assert not asking.starts(trigger(), updated("critical", "critical"))
    assert not asking.starts(trigger(), updated("critical", "warning"))
    assert not asking.starts(trigger(on_alert=AlertMatch(severity="warning")), updated("warning", "critical"))


def test_a_key_names_one_alert_about_one_window() -> None:
    key = asking.key_of_alert(UUID(int=1), alert())
    assert key == asking.key_of_alert(UUID(int=1), alert(alert_id=UUID(int=9), evidence={"window": WINDOW, "psi": 1}))
    later = {"start": "2026-05-01T12:00:00Z", "end": "2026-05-01T13:00:00Z"}
    others = [
        asking.key_of_alert(UUID(int=2), alert()),
        asking.key_of_alert(UUID(int=1), alert(fingerprint="e" * 32)),
        asking.key_of_alert(UUID(int=1), alert(evidence={"window": later})),
        asking.key_of_alert(UUID(int=1), alert(evidence={})),
        asking.key_of_alert(UUID(int=1), alert(evidence={}, alert_id=UUID(int=9))),
        asking.key_of_schedule(UUID(int=1), NOON),
        asking.key_of_order(UUID(int=1)),
    ]
    assert len({key, *others}) == 1 + len(others)


def test_the_evidence_says_why_and_on_what() -> None:
    raised = alert(evidence={"window": WINDOW, "slice": "colour = 'red'", "report": "/r", "psi": 0.4})
    found = asking.evidence_of(trigger(), UUID(int=7), "alert", NOON, alert=raised)
    assert found.window is not None
    assert (found.window.end, found.slice, found.report, found.model) == (NOON, "colour = 'red'", "/r", "wine_quality")
    assert found.alert is not None
    assert (found.alert.fingerprint, found.alert.details["psi"]) == ("f" * 32, 0.4)
    odd = asking.evidence_of(trigger(), UUID(int=7), "alert", NOON, alert=alert(evidence={"window": "x", "report": 1}))
    assert (odd.window, odd.report, odd.slice) == (None, None, None)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "reason"),
    [
        (302, {}, "rejected", "Redirected"),
        (401, {}, "rejected", "Unauthorized"),
        (403, {}, "rejected", "Unauthorized"),
        (403, {"retry-after": "30"}, "retry", "Unavailable"),
        (404, {}, "rejected", "NotFound"),
        (410, {}, "rejected", "NotFound"),
        (422, {}, "rejected", "Refused"),
        (429, {"retry-after": "90000000000"}, "retry", "Unavailable"),
        (503, {"retry-after": "soon"}, "retry", "Unavailable"),
        (199, {}, "retry", "UnknownAnswer"),
    ],
)
def test_an_answer_that_is_no_success_is_a_failure(
    status: int, headers: dict[str, str], kind: str, reason: str
) -> None:
    outcome = refusal_of(HttpAnswer(status, b'{"message": "no\\u0007pe"}', headers))
    assert (outcome.kind, outcome.reason) == (kind, reason)
    assert "no pe" in str(outcome.message)
    assert (outcome.after_s or 0) <= 3600


def test_waits_grow_and_heed_what_is_asked() -> None:
    assert [delay_s(tries) for tries in (0, 1, 2, 3, 9)] == [0, 5, 15, 60, 300]
    assert delay_s(1, 90.0) == 90.0
