"""A notification as lines of text, before any markup: titles, rows of one alert, one line for each of a digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from monitor.domain.notifications.markup import link_of
from monitor.domain.notifications.notification import Notification, NotifiedAlert
from monitor.domain.notifications.texts import lasted, texts_of

Escape = Callable[[str, int], str]
Colour = Literal["red", "orange", "blue", "green"]

MOST_ROWS = 16
"""Facts, and labels, that are shown of an alert."""
LONGEST_NAME = 64
LONGEST_SUMMARY = 400
LONGEST_VALUE = 200


@dataclass(frozen=True)
class Line:
    """One alert of a digest."""

    status: str
    """Already in the language, with the severity."""
    name: str
    summary: str
    colour: Colour
    link: str | None


class Wording:
    """Texts of one notification, each part of users escaped by `escape(text, most)`."""

    def __init__(self, notification: Notification, time_zone: str, escape: Escape) -> None:
        self.texts = texts_of(notification.language)
        self._notification = notification
        self._zone = zone_of(time_zone)
        self._escape = escape

    def heading(self) -> str:
        """Of a single alert its state and what it is about, of a digest its counts."""
        alerts = self._notification.alerts
        heading = self.title(alerts[0]) if len(alerts) == 1 else self._digest_heading()
        return f"[{self.texts.test}] {heading}" if self._notification.is_test else heading

    def title(self, alert: NotifiedAlert) -> str:
        """`[FIRING · critical] wine-quality / drift`."""
        return self.texts.title.format(
            status=self.texts.status[alert.status],
            severity=self.texts.severity[alert.severity],
            name=self._name(alert),
        )

    def summary(self, alert: NotifiedAlert) -> str:
        """Its sentence."""
        return self._escape(alert.summary, LONGEST_SUMMARY)

    def rows(self, alert: NotifiedAlert) -> list[tuple[str, str]]:
        """(name, text): facts, then labels, then times; what says most comes first."""
        return list(self._rows(alert))

    def lines(self, count: int) -> list[Line]:
        """The first `count` alerts of a digest."""
        return [self._line(alert) for alert in self._notification.alerts[:count]]

    def more(self, count: int) -> str:
        """The line for alerts that are left out."""
        return self.texts.more.format(n=count)

    def link(self) -> tuple[str, str] | None:
        """(text, URL) of where a person reads on."""
        alerts = self._notification.alerts
        if len(alerts) == 1 and (url := link_of(alerts[0].link)):
            return self.texts.open_alert, url
        url = link_of(self._notification.link)
        return (self.texts.open_all, url) if url else None

    def time(self, at: datetime) -> str:
        """To the minute, with its zone."""
        local = at.astimezone(self._zone)
        return f"{local:%Y-%m-%d %H:%M} {_zone_name(local)}"

    def _digest_heading(self) -> str:
        alerts = self._notification.alerts
        found = Counter(alert.status for alert in alerts)
        counts = [text.format(n=found[status]) for status, text in self.texts.counts.items() if found[status]]  # type: ignore[index]
        return self.texts.digest.format(n=len(alerts), counts=self.texts.comma.join(counts))

    def _rows(self, alert: NotifiedAlert) -> Iterator[tuple[str, str]]:
        for name, text in _first(alert.facts):
            yield self._row_name(name, _spoken(name)), self._escape(text, LONGEST_VALUE)
        for name, text in _first(alert.labels):
            yield self._row_name(name, name), self._escape(text, LONGEST_VALUE)
        if self._notification.project not in ("", "default"):
            yield self._row_name("project"), self._escape(self._notification.project, LONGEST_NAME)
        yield self._row_name("started"), self.time(alert.started_at)
        if alert.ended_at is not None:
            yield self._row_name("ended"), self.time(alert.ended_at)
            yield self._row_name("duration"), lasted(alert.ended_at - alert.started_at, self.texts)
        if alert.acknowledged_by:
            yield self.texts.acknowledged_by, self._escape(alert.acknowledged_by, LONGEST_NAME)

    def _row_name(self, name: str, otherwise: str = "") -> str:
        return self.texts.rows.get(name) or self._escape(otherwise, LONGEST_NAME)

    def _name(self, alert: NotifiedAlert) -> str:
        return " / ".join(self._escape(part, LONGEST_NAME) for part in (alert.service, alert.monitor) if part)

    def _line(self, alert: NotifiedAlert) -> Line:
        status = f"{self.texts.status[alert.status]}·{self.texts.severity[alert.severity]}"
        return Line(
            status, self._name(alert), self._escape(alert.summary, LONGEST_VALUE), colour_of(alert), link_of(alert.link)
        )


def colour_of(alert: NotifiedAlert) -> Colour:
    """How urgent it is, as a colour."""
    if alert.status == "resolved":
        return "green"
    if alert.status == "acknowledged":
        return "blue"
    return "red" if alert.severity == "critical" else "orange"


def colour_of_all(notification: Notification) -> Colour:
    """That of the most urgent alert."""
    found = {colour_of(alert) for alert in notification.alerts}
    order: tuple[Colour, ...] = ("red", "orange", "blue", "green")
    return next((each for each in order if each in found), "green")


def zone_of(name: str) -> tzinfo:
    """The zone, or UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # KeyError: ZoneInfoNotFoundError
        return UTC


def _first(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    return list(texts.items())[:MOST_ROWS]


def _spoken(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _zone_name(local: datetime) -> str:
    name = local.strftime("%Z")
    if name.isalpha() and name != "CST":  # which stands for China's and for America's time
        return name
    offset = local.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}"
