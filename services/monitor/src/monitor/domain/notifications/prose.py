"""A notification as one text in a light markup: a heading, then an alert's summary and rows or a digest's lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.domain.notifications.fitting import cut_bytes, most_that_fits
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.wording import Colour, Escape, Line, Wording, colour_of_all

MOST_LINES = 20
"""Alerts of a digest that are listed one by one; a chat with more is not read."""


@dataclass(frozen=True)
class Style:
    """How one receiver writes the parts."""

    escape: Escape
    heading: Callable[[str, Colour], str]
    summary: Callable[[str], str]
    row: Callable[[str, str, str], str]
    """(name, colon, text)"""
    line: Callable[[Line], str]
    link: Callable[[str, str], str]
    """(text, URL)"""
    more: Callable[[str], str] = lambda text: text
    joiner: str = "\n"


@dataclass(frozen=True)
class Room:
    """How much is taken."""

    limit: int
    size: Callable[[str], int] = lambda text: len(text.encode())
    most_lines: int = MOST_LINES


def compose(message: Message, style: Style, room: Room, tail: Sequence[str] = ()) -> str:
    """The text, with as many rows or lines as there is room for, then `tail` (mentions), which is never left out."""
    words = message.wording(style.escape)
    head = style.heading(words.heading(), colour_of_all(message.notification))
    link = words.link()
    end = [*([style.link(*link)] if link else []), *tail]
    build_body, count = _digest(message, words, style) if message.is_digest else _single(message, words, style)

    def build(count: int) -> str:
        return style.joiner.join([head, *build_body(count), *end])

    most = min(count, room.most_lines) if message.is_digest else count
    return cut_bytes(most_that_fits(build, most, room.size, room.limit), room.limit)


def _digest(message: Message, words: Wording, style: Style) -> tuple[Callable[[int], list[str]], int]:
    total = len(message.notification.alerts)

    def build(count: int) -> list[str]:
        lines = [style.line(line) for line in words.lines(count)]
        return lines if count == total else [*lines, style.more(words.more(total - count))]

    return build, total


def _single(message: Message, words: Wording, style: Style) -> tuple[Callable[[int], list[str]], int]:
    alert = message.notification.alerts[0]
    rows = [style.row(name, words.texts.colon, text) for name, text in words.rows(alert)]
    summary = style.summary(words.summary(alert))

    def build(count: int) -> list[str]:
        return [summary, *rows[:count], *([] if count == len(rows) else ["…"])]

    return build, len(rows)
