"""The life of one alert: opened once, updated, acknowledged, silenced, resolved, and then another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitor.domain.alerts.alert import Alert, Transition, acknowledge, mute, on_signal, resolve
from monitor.domain.alerts.builtin import signal_of
from monitor.domain.alerts.signals import Signal, fingerprint_of
from shared import events

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIRST, SECOND = UUID(int=1), UUID(int=2)


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def signal(severity: Any, minutes: float = 0, value: float = 0.3, **labels: str) -> Signal:
    named = labels or {"column": "alcohol"}
    return Signal("wine", "drift", "drift", named, severity, f"PSI {value}", {"value": value}, later(minutes))


def opened(severity: Any = "warning") -> Alert:
    alert = on_signal(None, signal(severity), FIRST, NOON).alert
    assert alert is not None
    return alert


def test_the_same_thing_has_the_same_fingerprint_whatever_the_order_of_its_labels() -> None:
    one = fingerprint_of("wine", "drift", {"column": "a", "slice": "b"})

    assert one == fingerprint_of("wine", "drift", {"slice": "b", "column": "a"})
    assert len({one, fingerprint_of("wine", "drift", {"column": "ab"}), fingerprint_of("wine", "drifta", {})}) == 3


def test_it_opens_once_and_again_only_after_its_end() -> None:
    step = on_signal(None, signal("warning"), FIRST, NOON)
    assert (step.fact, step.alert and step.alert.state) == ("raised", "open")
    again = on_signal(step.alert, signal("warning", 1), SECOND, later(1))
    assert again.fact is None
    assert again.alert is not None
    assert (again.alert.id, again.alert.seen_at, again.alert.revision) == (FIRST, later(1), 1)

    ended = on_signal(again.alert, signal("ok", 2), SECOND, later(2))
    assert (ended.fact, ended.alert and ended.alert.state) == ("resolved", "resolved")
    assert on_signal(ended.alert, signal("ok", 3), SECOND, later(3)) == Transition(ended.alert)
    reopened = on_signal(ended.alert, signal("critical", 4), SECOND, later(4))
    assert (reopened.fact, reopened.alert and reopened.alert.id) == ("raised", SECOND)


def test_nothing_opens_because_all_is_well() -> None:
    assert on_signal(None, signal("ok"), FIRST, NOON) == Transition(None)


def test_another_severity_or_other_figures_update_it() -> None:
    figures = on_signal(opened(), signal("warning", 1, value=0.31), SECOND, later(1))
    worse = on_signal(figures.alert, signal("critical", 2, value=0.5), SECOND, later(2))

    assert (figures.fact, worse.fact) == ("updated", "updated")
    assert worse.alert is not None
    assert worse.before is not None
    assert (worse.before.severity, worse.alert.severity, worse.alert.revision) == ("warning", "critical", 3)
    assert worse.alert.opened_at == NOON


def test_what_is_older_than_what_was_seen_changes_nothing() -> None:
    seen = on_signal(opened(), signal("critical", 5), SECOND, later(5)).alert
    assert on_signal(seen, signal("ok", 4), SECOND, later(6)) == Transition(seen)
    ended = on_signal(seen, signal("ok", 6), SECOND, later(6)).alert
    assert on_signal(ended, signal("critical", 6), SECOND, later(7)) == Transition(ended)


def test_who_acknowledged_a_warning_has_not_acknowledged_what_is_critical() -> None:
    taken = acknowledge(opened(), "ann", "on it", later(1))
    assert (taken.fact, taken.alert and taken.alert.state) == ("updated", "acknowledged")
    assert acknowledge(taken.alert or opened(), "ann", "on it", later(2)).fact is None
    same = on_signal(taken.alert, signal("warning", 3, value=0.4), SECOND, later(3)).alert
    assert same is not None
    assert same.state == "acknowledged"

    worse = on_signal(same, signal("critical", 4), SECOND, later(4)).alert

    assert worse is not None
    assert (worse.state, worse.acknowledged_by, worse.comment) == ("open", None, None)


def test_a_silence_shows_until_it_ends_or_the_alert_does() -> None:
    muted = mute(opened(), "silence 1", later(1))
    assert (muted.fact, muted.alert and muted.alert.state) == ("updated", "silenced")
    alert = muted.alert or opened()
    assert mute(alert, "silence 1", later(2)).fact is None
    assert (mute(alert, None, later(2)).alert or alert).state == "open"
    ended = resolve(alert, "gone", later(3))
    assert ended.alert is not None
    assert (ended.alert.state, ended.alert.silenced_by, ended.alert.resolved_why) == ("resolved", None, "gone")
    assert resolve(ended.alert, "again", later(4)).fact is None
    assert mute(ended.alert, "silence 1", later(4)).fact is None


def test_evidence_is_kept_as_json_gives_it_back_and_never_too_large_for_the_bus() -> None:
    lines = tuple("x" * 5_000 for _ in range(40))
    large = replace(
        signal("warning"), evidence={"log_tail": lines, "value": 0.3, "window": (1, 2)}, summary="s" * 9_999
    )

    alert = on_signal(None, large, FIRST, NOON).alert

    assert alert is not None
    assert alert.evidence == {"log_tail": "…", "value": 0.3, "window": [1, 2]}
    assert len(alert.summary) == 2_000
    assert on_signal(alert, large, SECOND, NOON).fact is None


def test_labels_of_its_own_do_not_hide_what_every_alert_has() -> None:
    alert = replace(opened(), labels={"service": "other", "column": "a"}, project="shop")

    assert alert.matched_labels["service"] == "wine"
    assert (alert.matched_labels["project"], alert.matched_labels["column"]) == ("shop", "a")


def test_tables_and_versions_need_no_rule() -> None:
    table = {"service": "wine", "table": "wine.payload", "location": "file:///t"}
    version = {"service_id": FIRST, "service": "wine", "version_id": SECOND, "version": "v2"}
    told = [
        signal_of(event, NOON)
        for event in (
            events.TableBlocked(**table, reason="disk is full"),
            events.TableRecovered(**table, blocked_at=NOON),
            events.VersionFailed(**version, generation=1, reason="LoadFailed", message="no module named x"),
            events.VersionReady(**version, generation=1, ready_replicas=1),
            events.VersionDeleted(**version),
            events.VersionCreated(**version, model_source={}),
        )
    ]

    assert [each and each.severity for each in told] == ["critical", "ok", "critical", "ok", "ok", None]
    blocked, recovered, failed, ready, deleted, _ = told
    assert blocked is not None
    assert recovered is not None
    assert failed is not None
    assert ready is not None
    assert deleted is not None
    assert blocked.fingerprint == recovered.fingerprint
    assert failed.fingerprint == ready.fingerprint == deleted.fingerprint
    assert "disk is full" in blocked.summary


def test_a_canary_that_is_held_or_rolled_back_is_an_alert_until_the_next_one_starts() -> None:
    identity: dict[str, Any] = {"service_id": FIRST, "service": "wine", "version_id": SECOND, "canary_id": FIRST}
    held = signal_of(events.VersionCanaryHeld(version="v2", weight=5, reason="so", **identity), NOON)
    back = signal_of(events.VersionCanaryRolledBack(version="v2", reason="errors", **identity), NOON)
    next_one = signal_of(events.VersionCanaryStarted(version="v3", weight=5, steps=(5,), **identity), NOON)
    assert held is not None
    assert back is not None
    assert next_one is not None
    assert held.summary == "The canary v2 is held at 5 %: so"
    assert back.summary == "The canary v2 was rolled back: errors"
    assert [found.severity for found in (held, back, next_one)] == ["warning", "warning", "ok"]
    assert held.fingerprint == back.fingerprint == next_one.fingerprint
