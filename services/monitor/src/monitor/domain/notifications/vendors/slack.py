"""Incoming webhooks of Slack (docs.slack.dev, "Sending messages using incoming webhooks").

Accepted is HTTP 200 with the plain text `ok` and nothing else. What is refused has a word as its body. About one
message a second and channel; more is 429 with `Retry-After`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.domain.notifications.answers import busy, redirected, unknown
from monitor.domain.notifications.fitting import most_that_fits, plain
from monitor.domain.notifications.markup import in_slack
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import Outcome
from monitor.domain.notifications.prose import MOST_LINES
from monitor.domain.notifications.request import Answer, HttpRequest, as_json, json_request
from monitor.domain.notifications.wording import Colour, Wording, colour_of_all

BODY_BYTES = 32_000
FIELDS = 10
"""Fields that a section takes."""
_COLOURS: Mapping[Colour, str] = {"red": "#d92d20", "orange": "#dc6803", "blue": "#175cd3", "green": "#039855"}
_REFUSALS: Mapping[str, tuple[str, str]] = {
    "invalid_payload": ("rejected", "the message is not taken"),
    "no_text": ("rejected", "the message is empty"),
    "too_many_attachments": ("rejected", "the message is too long"),
    "invalid_blocks": ("rejected", "the message is not taken"),
    "invalid_attachments": ("rejected", "the message is not taken"),
    "action_prohibited": ("dead", "an administrator of the workspace forbids it"),
    "invalid_token": ("dead", "the webhook is not valid"),
    "no_service": ("dead", "the webhook was removed or is disabled"),
    "no_service_id": ("dead", "the webhook's address is not valid"),
    "no_active_hooks": ("dead", "the webhook is disabled"),
    "no_team": ("dead", "the workspace does not exist"),
    "team_disabled": ("dead", "the workspace is disabled"),
    "channel_not_found": ("dead", "the channel does not exist"),
    "channel_is_archived": ("dead", "the channel is archived"),
    "user_not_found": ("dead", "the receiver does not exist"),
    "posting_to_general_channel_denied": ("dead", "posting to #general is not allowed"),
}


def requests(message: Message) -> tuple[HttpRequest, ...]:
    """One message: its heading as text, the rest as an attachment with a colour."""
    words = message.wording(in_slack)
    alerts = message.notification.alerts
    build_blocks = _digest if message.is_digest else _single
    count = min(len(alerts), MOST_LINES) if message.is_digest else len(words.rows(alerts[0]))
    mentions = " ".join(_mention(each) for each in message.options.mentions)
    heading = f"*{words.heading()}*"

    def build(count: int) -> bytes:
        blocks = [*build_blocks(message, words, count), *_link(words)]
        attachment = {
            "color": _COLOURS[colour_of_all(message.notification)],
            "fallback": plain(words.heading(), 200),
            "blocks": blocks,
        }
        return as_json({"text": f"{heading} {mentions}".rstrip(), "attachments": [attachment]})

    body = most_that_fits(build, count, len, BODY_BYTES)
    return (HttpRequest(message.credentials["url"], body, json_request("", None).headers),)


def classify(answer: Answer, at: datetime) -> Outcome:
    """By the status and the word that is the body."""
    said = answer.body[:64].decode("ascii", errors="replace").strip()
    if answer.status == 200:
        return Outcome.sent() if said == "ok" else unknown(answer, "a body other than ok")
    if said in _REFUSALS:
        state, why = _REFUSALS[said]
        reason = f"{why} ({said})"
        return Outcome.channel_dead(reason) if state == "dead" else Outcome.rejected(reason)
    return busy(answer, at, "Slack") or redirected(answer) or unknown(answer)


def _single(message: Message, words: Wording, count: int) -> list[dict[str, Any]]:
    alert = message.notification.alerts[0]
    rows = words.rows(alert)
    fields = [_text(f"*{name}*\n{text}") for name, text in rows[:count]]
    sections = [{"type": "section", "fields": fields[at : at + FIELDS]} for at in range(0, len(fields), FIELDS)]
    more = [] if count == len(rows) else [_section("…")]
    return [_section(words.summary(alert) or "…"), *sections, *more]


def _digest(message: Message, words: Wording, count: int) -> list[dict[str, Any]]:
    left = len(message.notification.alerts) - count
    lines = [
        _section(f"*{line.status}* {_linked(line.name, line.link)}\n{line.summary}") for line in words.lines(count)
    ]
    return [*lines, _section(words.more(left))] if left else lines


def _link(words: Wording) -> list[dict[str, Any]]:
    found = words.link()
    return [_section(_linked(*found))] if found else []


def _linked(text: str, url: str | None) -> str:
    return f"<{url.replace('&', '&amp;')}|{text}>" if url else text


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}  # no links or mentions made of what looks like them


def _mention(who: str) -> str:
    if who in ("here", "channel"):
        return f"<!{who}>"
    return f"<!subteam^{who}>" if who.startswith("S") else f"<@{who}>"
