"""What is asked of alerts: what is wrong, who takes care of it, whom it is told, and when not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from penstock.client.requests.base import Listing, Request, given, if_match, nothing, path, post
from penstock.client.types import Json


class ChannelFields(TypedDict, total=False):
    """What a channel is; the names are the API's."""

    kind: str
    language: str
    time_zone: str
    options: Mapping[str, Any]
    secret: str | None
    route: Mapping[str, Any]
    paused: bool


class SilenceFields(TypedDict, total=False):
    """Which alerts are told to nobody, and how long."""

    matchers: Sequence[Mapping[str, Any]]
    starts_at: str | None
    ends_at: str
    comment: str


class MaintenanceFields(TypedDict, total=False):
    """When maintenance is: once until `ends_at`, or by `schedule` (cron, UTC) for `duration` each time."""

    starts_at: str | None
    ends_at: str | None
    schedule: str | None
    duration: str | None
    comment: str


def alerts(
    *,
    state: str | None = None,
    service: str | None = None,
    monitor: str | None = None,
    severity: str | None = None,
    page_size: int = 100,
) -> Listing[Json]:
    """Alerts, newest first; `state`: open, acknowledged, silenced or resolved; `monitor`: name of the rule."""
    wanted = given(state=state, service=service, monitor=monitor, severity=severity)
    return Listing("GET", path("alerts"), {**wanted, "page_size": page_size})


def alert(alert: str) -> Request[Json]:
    """One alert, and whom it was told: each delivery, its attempts, what the receiver answered."""
    return Request("GET", path("alerts", alert))


def acknowledge_alert(alert: str, *, comment: str = "") -> Request[Json]:
    """Take care of an alert: it is not told again unless it gets worse."""
    return Request("POST", path("alerts", alert, "acknowledge"), json={"comment": comment})


def create_channel(name: str, *, project: str | None = None, **fields: Unpack[ChannelFields]) -> Request[Json]:
    """Define a channel: `kind`, its `options`, the name of its `secret`, and its `route`; no project: for all."""
    return post(path("channels"), {"name": name, "project": project, **fields})


def channels() -> Listing[Json]:
    """Channels by name, and how each does."""
    return Listing("GET", path("channels"))


def channel_kinds() -> Listing[Json]:
    """What each kind of channel is made of: fields, which are secret, help in two languages, limits."""
    return Listing("GET", path("channel-kinds"))


def channel(channel: str) -> Request[Json]:
    """One channel."""
    return Request("GET", path("channels", channel))


def replace_channel(channel: str, *, revision: int | None = None, **fields: Unpack[ChannelFields]) -> Request[Json]:
    """Define a channel anew, all of it; with `revision` only if it is still that one."""
    return Request("PUT", path("channels", channel), json=fields, headers=if_match(revision))


def delete_channel(channel: str, *, revision: int | None = None) -> Request[None]:
    """Forget a channel; what waits for it is dropped."""
    return Request("DELETE", path("channels", channel), headers=if_match(revision), read=nothing)


def send_channel_test(channel: str) -> Request[Json]:
    """Send a test message now: says what the receiver answered."""
    return Request("POST", path("channels", channel, "test"))


def create_silence(*, project: str | None = None, **fields: Unpack[SilenceFields]) -> Request[Json]:
    """Tell nobody of alerts that match, until `ends_at`."""
    return post(path("silences"), {"project": project, **fields})


def silences(*, state: str | None = None) -> Listing[Json]:
    """Silences, newest first; `state`: pending, active or expired."""
    return Listing("GET", path("silences"), given(state=state))


def silence(silence: str) -> Request[Json]:
    """One silence."""
    return Request("GET", path("silences", silence))


def replace_silence(silence: str, *, revision: int | None = None, **fields: Unpack[SilenceFields]) -> Request[Json]:
    """Define a silence anew; with `revision` only if it is still that one."""
    return Request("PUT", path("silences", silence), json=fields, headers=if_match(revision))


def expire_silence(silence: str, *, revision: int | None = None) -> Request[None]:
    """End a silence now."""
    return Request("DELETE", path("silences", silence), headers=if_match(revision), read=nothing)


def create_maintenance(
    name: str, *, project: str | None = None, service: str | None = None, **fields: Unpack[MaintenanceFields]
) -> Request[Json]:
    """Define maintenance of a service, a project, or (neither) the installation."""
    return post(path("maintenance-windows"), {"name": name, "project": project, "service": service, **fields})


def maintenance_windows() -> Listing[Json]:
    """Maintenance by name."""
    return Listing("GET", path("maintenance-windows"))


def maintenance_window(window: str) -> Request[Json]:
    """One maintenance window."""
    return Request("GET", path("maintenance-windows", window))


def replace_maintenance(
    window: str, *, revision: int | None = None, **fields: Unpack[MaintenanceFields]
) -> Request[Json]:
    """Define when maintenance is anew; with `revision` only if it is still that one."""
    return Request("PUT", path("maintenance-windows", window), json=fields, headers=if_match(revision))


def delete_maintenance(window: str, *, revision: int | None = None) -> Request[None]:
    """Forget maintenance; one that runs ends."""
    return Request("DELETE", path("maintenance-windows", window), headers=if_match(revision), read=nothing)
