"""Who is told of an alert, when, and how a channel keeps to its limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from monitor.domain.alerts.alert import Alert
from monitor.domain.alerts.matching import matches_all
from monitor.domain.alerts.muting import muting_of, window_span
from monitor.domain.alerts.routing import LastDelivery, plan_deliveries
from monitor.domain.alerts.sending import TokenBucket, next_message, retry_at, take_token
from shared.contracts.alerting.alerts import (
    AlertingDefinitions,
    ChannelRoute,
    MaintenanceDefinition,
    Matcher,
    RoutedChannel,
    SilenceDefinition,
)
from shared.contracts.alerting.channels import LIMITS, ChannelDefinition, ChannelLimits
from shared.errors import InvalidInput
from shared.logs.patterns import compile_matcher

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)  # a Friday
ALERT = Alert(
    id=UUID(int=1),
    fingerprint="f" * 32,
    service="wine",
    project="shop",
    monitor="drift",
    kind="drift",
    labels={"column": "alcohol"},
    severity="warning",
    summary="PSI 0.3",
    evidence={},
    opened_at=NOON,
    updated_at=NOON,
    seen_at=NOON,
)


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def channel(kind: Any = "slack", project: str | None = None, paused: bool = False, **route: Any) -> RoutedChannel:
    definition = ChannelDefinition(id=UUID(int=7), project=project, name="team", kind=kind, is_paused=paused)
    return RoutedChannel(channel=definition, route=ChannelRoute(**route))


def told(status: Any = "firing", severity: Any = "warning", minutes: float = 0, waiting: bool = False) -> LastDelivery:
    return LastDelivery(1, status, severity, later(minutes), waiting)


def reasons(alert: Alert, routed: RoutedChannel, last: LastDelivery | None, minutes: float = 1) -> list[str]:
    known = {} if last is None else {routed.channel.id: last}
    return [made.reason for made in plan_deliveries(alert, (routed,), known, later(minutes)).deliveries]


@pytest.mark.parametrize(
    ("matcher", "holds"),
    [
        (Matcher(name="column", value="alcohol"), True),
        (Matcher(name="column", value="alc"), False),
        (Matcher(name="column", value="alc.*", is_regex=True), True),
        (Matcher(name="column", value="lcohol|x", is_regex=True), False),
        (Matcher(name="column", value="alcohol", is_equal=False), False),
        (Matcher(name="region", value="", is_equal=True), True),
        (Matcher(name="region", value=".+", is_regex=True, is_equal=False), True),
        (Matcher(name="severity", value="warning"), True),
        (Matcher(name="column", value="(", is_regex=True), False),
    ],
)
def test_matchers_are_alertmanager_s(matcher: Matcher, holds: bool) -> None:
    assert matches_all(ALERT.matched_labels, (matcher,)) is holds


def test_an_alert_is_told_once_until_its_severity_or_time_says_more() -> None:
    team = channel()

    assert reasons(ALERT, team, None) == ["raised"]
    assert reasons(ALERT, team, told()) == []
    assert reasons(replace(ALERT, severity="critical"), team, told()) == ["severity"]
    assert reasons(ALERT, team, told(), minutes=239) == []
    assert reasons(ALERT, team, told(), minutes=240) == ["repeat"]
    assert reasons(ALERT, team, told(waiting=True), minutes=600) == []
    assert reasons(ALERT, channel(repeat_interval_s=0), told(), minutes=6000) == []


def test_its_end_is_told_to_whom_its_beginning_was() -> None:
    over = replace(ALERT, resolved_at=later(1))

    assert reasons(over, channel(), told()) == ["resolved"]
    assert reasons(over, channel(), told("acknowledged")) == ["resolved"]
    assert reasons(over, channel(), told("resolved")) == []
    assert reasons(over, channel(send_resolved=False), told()) == []
    assert reasons(over, channel(min_severity="critical"), told()) == ["resolved"]


def test_one_that_was_over_before_anybody_could_be_told_is_told_with_its_end() -> None:
    over = replace(ALERT, resolved_at=later(1))
    made = plan_deliveries(over, (channel(),), {}, later(2)).deliveries

    assert [(each.number, each.reason, each.status) for each in made] == [
        (1, "raised", "firing"),
        (2, "resolved", "resolved"),
    ]
    assert reasons(over, channel(send_resolved=False), None) == ["raised"]
    assert reasons(replace(over, silenced_by="silence 1"), channel(), None) == []
    assert reasons(over, channel(paused=True), None) == []
    assert reasons(over, channel(min_severity="critical"), None) == []


def test_silenced_paused_or_not_routed_it_is_told_to_nobody() -> None:
    assert reasons(replace(ALERT, silenced_by="silence 1"), channel(), None) == []
    assert reasons(ALERT, channel(paused=True), None) == []
    assert reasons(ALERT, channel(min_severity="critical"), None) == []
    assert reasons(ALERT, channel(project="other"), None) == []
    assert reasons(ALERT, channel(project="shop"), None) == ["raised"]
    assert reasons(ALERT, channel(matchers=(Matcher(name="column", value="ph"),)), None) == []
    dead = replace(ALERT, kind="channel_dead", labels={"channel_id": str(UUID(int=7))})
    assert reasons(dead, channel(), None) == []


def test_an_acknowledged_one_is_told_so_and_no_more_but_to_systems_that_need_it() -> None:
    taken = replace(ALERT, acknowledged_at=later(1), acknowledged_by="ann")

    assert reasons(taken, channel(), told()) == ["acknowledged"]
    assert reasons(taken, channel(), told("acknowledged"), minutes=6000) == []
    assert reasons(taken, channel("alertmanager"), told("acknowledged"), minutes=1) == ["repeat"]


def test_asking_again_gives_the_same_deliveries_with_the_same_ids() -> None:
    first = plan_deliveries(ALERT, (channel(),), {}, NOON)
    again = plan_deliveries(ALERT, (channel(),), {}, later(3))

    assert [made.id for made in first.deliveries] == [made.id for made in again.deliveries]
    assert first.next_at == later(240)
    following = plan_deliveries(ALERT, (channel(),), {UUID(int=7): told(minutes=-240)}, NOON)
    assert following.deliveries[0].id != first.deliveries[0].id


def test_silences_and_maintenance_say_until_when() -> None:
    matcher = (Matcher(name="column", value="alcohol"),)
    silence = SilenceDefinition(id=UUID(int=9), matchers=matcher, starts_at=later(-5), ends_at=later(5))
    nightly = MaintenanceDefinition(
        name="nightly", service="wine", starts_at=later(-9000), schedule="0 11 * * *", duration_s=7200
    )
    once = MaintenanceDefinition(name="move", project="shop", starts_at=later(10), ends_at=later(20))

    def muted(minutes: float = 0, **more: Any) -> tuple[str | None, datetime | None]:
        found = muting_of(ALERT, AlertingDefinitions(revision="", **more), later(minutes))
        return found.by, found.until

    assert muted(silences=(silence,)) == (f"silence {UUID(int=9)}", later(5))
    assert muted(5, silences=(silence,)) == (None, None)
    assert muted(-6, silences=(silence,)) == (None, later(-5))
    assert muted(silences=(silence.model_copy(update={"project": "other"}),)) == (None, None)
    assert muted(maintenance=(nightly,)) == ("maintenance nightly", later(60))
    assert muted(61, maintenance=(nightly,)) == (None, later(23 * 60))
    assert muted(maintenance=(nightly, once), silences=(silence,)) == ("maintenance nightly", later(60))
    assert muted(maintenance=(once,)) == (None, later(10))
    assert muted(15, maintenance=(once,)) == ("maintenance move", later(20))
    assert window_span(once, later(20)) is None


def test_an_expression_on_a_label_is_small_and_matches_the_whole_of_it() -> None:
    matches = compile_matcher("a|b+")
    assert [matches(text) for text in ("a", "bb", "ab", "")] == [True, True, False, False]
    with pytest.raises(InvalidInput, match="not a regular expression"):
        compile_matcher(r"(?:\pL|.){0,150}.*[a-z\PN]{0,100}.*")


@pytest.mark.parametrize("schedule", ["0 0 1 1 *", "59 23 31 12 *"])
def test_maintenance_where_the_calendar_ends_is_none(schedule: str) -> None:
    last = datetime(9999, 12, 30, tzinfo=UTC)
    window = MaintenanceDefinition(name="last", starts_at=last, schedule=schedule, duration_s=86_400.0)

    assert window_span(window, NOON) is None
    assert muting_of(ALERT, AlertingDefinitions(revision="", maintenance=(window,)), NOON).by is None


def test_a_channel_keeps_to_its_tokens() -> None:
    limits = LIMITS["wecom"]
    bucket, sent, at = TokenBucket(limits.burst, NOON), 0, NOON
    while at < later(10):
        bucket, free_at = take_token(bucket, limits, at)
        sent += free_at is None
        at = free_at or at

    assert sent <= 18 + 180 < sent + 2
    assert take_token(TokenBucket(0, later(9)), limits, NOON)[0].tokens == 0


@dataclass
class Waiting:
    id: UUID
    message_id: UUID | None = None


def test_a_queue_that_grows_is_merged_and_a_message_that_was_begun_stays_as_it_was() -> None:
    queue = [Waiting(UUID(int=number)) for number in range(1, 5)]
    limits = ChannelLimits(60, 1)

    assert next_message(queue[:3], limits) == queue[:1]
    assert next_message(queue, limits) == queue
    assert next_message(queue, ChannelLimits(60, 1, takes_digests=False)) == queue[:1]
    assert next_message([], limits) == []
    queue[1].message_id = queue[2].message_id = queue[1].id
    assert next_message([*queue, Waiting(UUID(int=9))], limits) == queue[1:3]


def test_waits_double_to_ten_minutes_and_are_never_less_than_asked_for() -> None:
    waits = [(retry_at(UUID(int=3), attempt, None, NOON) - NOON).total_seconds() for attempt in range(1, 12)]

    assert 5 <= waits[0] <= 6.25
    assert all(600 <= wait <= 750 for wait in waits[7:])
    assert retry_at(UUID(int=3), 1, 90.0, NOON) == later(1.5)
