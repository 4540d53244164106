"""Custom bots of Feishu and Lark (open.feishu.cn, "custom bot usage guide").

Cards, whose texts are plain: nothing of users is markup. Signed in the body where the bot asks for it. `code` (of older
bots `StatusCode`) says what the answer means, whatever its status.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.domain.notifications.answers import Verdicts, coded, retry_after
from monitor.domain.notifications.fitting import most_that_fits
from monitor.domain.notifications.markup import in_card
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import Outcome
from monitor.domain.notifications.prose import MOST_LINES
from monitor.domain.notifications.request import Answer, HttpRequest, as_json, json_request
from monitor.domain.notifications.vendors.signing import feishu_fields
from monitor.domain.notifications.wording import Colour, Line, Wording, colour_of_all

BODY_BYTES = 20_000
TITLE = 120
BURST_WAIT_S = 5.0
"""At the full hour everybody's reports come at once; seconds later the bot takes messages again."""

_COLOURS: Mapping[Colour, str] = {"red": "red", "orange": "orange", "blue": "blue", "green": "green"}
_VERDICTS: Verdicts = {
    11232: ("retry", "too many messages: a bot takes 5 a second and 100 a minute"),
    9499: ("rejected", "the message is not taken"),
    19001: ("dead", "the bot's address is not valid"),
    19002: ("rejected", "the message is not taken"),
    19007: ("dead", "the bot is disabled"),
    19021: ("dead", "the signature is not taken: the signing secret is missing or wrong, or a clock is off by an hour"),
    19022: ("dead", "this address is not on the bot's list"),
    19024: ("dead", "the bot asks for a keyword that the channel does not name"),
}


def requests(message: Message) -> tuple[HttpRequest, ...]:
    """One card."""
    words = message.wording(in_card)
    signature = feishu_fields(secret, message.attempt.at) if (secret := message.credentials.get("secret")) else {}
    alerts = message.notification.alerts
    build_elements = _digest if message.is_digest else _single
    count = min(len(alerts), MOST_LINES) if message.is_digest else len(words.rows(alerts[0]))

    def build(count: int) -> bytes:
        elements = [*build_elements(message, words, count), *_end(message, words)]
        header = {
            "template": _COLOURS[colour_of_all(message.notification)],
            "title": _text(in_card(words.heading(), TITLE)),
        }
        card = {"config": {"wide_screen_mode": True}, "header": header, "elements": elements}
        return as_json({**signature, "msg_type": "interactive", "card": card})

    body = most_that_fits(build, count, len, BODY_BYTES)
    return (HttpRequest(message.credentials["url"], body, json_request("", None).headers),)


def classify(answer: Answer, at: datetime) -> Outcome:
    """By `code`."""
    fields = answer.fields()
    if "code" not in fields and "StatusCode" in fields:
        return coded(answer, "StatusCode", "StatusMessage", _VERDICTS)
    outcome = coded(answer, "code", "msg", _VERDICTS)
    if fields.get("code") == 11232 or answer.status == 429:
        return Outcome.retry(outcome.reason, retry_after(answer, at) or BURST_WAIT_S)
    return outcome


def _single(message: Message, words: Wording, count: int) -> list[dict[str, Any]]:
    alert = message.notification.alerts[0]
    rows = words.rows(alert)
    fields = [{"is_short": True, "text": _text(f"{name}\n{text}")} for name, text in rows[:count]]
    elements: list[dict[str, Any]] = [{"tag": "div", "text": _text(words.summary(alert))}]
    if fields:
        elements.append({"tag": "div", "fields": fields})
    return elements if count == len(rows) else [*elements, {"tag": "div", "text": _text("…")}]


def _digest(message: Message, words: Wording, count: int) -> list[dict[str, Any]]:
    elements = [_line(words, line) for line in words.lines(count)]
    if left := len(message.notification.alerts) - count:
        elements.append({"tag": "div", "text": _text(words.more(left))})
    return elements


def _line(words: Wording, line: Line) -> dict[str, Any]:
    element: dict[str, Any] = {"tag": "div", "text": _text(f"{line.status}  {line.name}\n{line.summary}")}
    return element | {"extra": _button(words.texts.open_alert, line.link, "default")} if line.link else element


def _end(message: Message, words: Wording) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if link := words.link():
        found.append({"tag": "action", "actions": [_button(*link, "primary")]})
    if message.options.at_all:
        found.append({"tag": "div", "text": {"tag": "lark_md", "content": "<at id=all></at>"}})
    if message.options.keyword:
        found.append({"tag": "note", "elements": [_text(in_card(message.options.keyword))]})
    return found


def _button(text: str, url: str, look: str) -> dict[str, Any]:
    return {"tag": "button", "text": _text(text), "url": url, "type": look}


def _text(content: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": content}
