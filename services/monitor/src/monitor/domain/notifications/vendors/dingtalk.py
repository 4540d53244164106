"""DingTalk's group robots (open.dingtalk.com, "custom robot access").

Signed in the URL where the robot asks for it. HTTP 200 even on errors: `errcode` says what it means; 310000 stands
for a missing keyword, a wrong signature and a foreign address alike, told apart by `errmsg` only. A firewall in front
answers without `errcode`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from monitor.domain.notifications.answers import Verdicts, coded
from monitor.domain.notifications.fitting import plain
from monitor.domain.notifications.markup import in_markdown
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import Outcome
from monitor.domain.notifications.prose import Room, Style, compose
from monitor.domain.notifications.request import Answer, HttpRequest, as_json, json_request
from monitor.domain.notifications.vendors.signing import dingtalk_query
from monitor.domain.notifications.wording import Colour

BODY_BYTES = 20_000
_COLOURS: Mapping[Colour, str] = {"red": "#d92d20", "orange": "#dc6803", "blue": "#175cd3", "green": "#039855"}
_VERDICTS: Verdicts = {
    -1: ("retry", "DingTalk is busy"),
    130101: ("wait", "too many messages: a robot takes 20 a minute"),
    410100: ("wait", "too many messages: a robot takes 20 a minute"),
    300005: ("dead", "the robot's token is not valid"),
    400101: ("dead", "the robot's token is not valid"),
    400102: ("dead", "the robot is stopped"),
    400013: ("dead", "the group does not exist any more"),
    40035: ("rejected", "the message is not taken"),
    400105: ("rejected", "the type of the message is not taken"),
}
_SECURITY = 310000
_SECURITY_REASONS = (
    (r"invalid timestamp|timestamp ?无效|时间戳无效", "retry", "the clock is off by more than an hour"),
    (r"\bsign\b|签名", "dead", "the signature is not taken: the signing secret is missing or wrong"),
    (r"keyword|关键词", "dead", "the robot asks for a keyword that the channel does not name"),
    (r"(?<![a-z])ip(?![a-z])|白名单", "dead", "this address is not on the robot's list"),
)
"""What `errmsg` says, in English or Chinese → the outcome; the advice behind it may name the others."""

STYLE = Style(
    escape=in_markdown,
    heading=lambda text, colour: f'### <font color="{_COLOURS[colour]}">{text}</font>',
    summary=lambda text: f"{text}\n",
    row=lambda name, colon, text: f"- **{name}**{colon}{text}",
    line=lambda line: (
        f'- <font color="{_COLOURS[line.colour]}">{line.status}</font> '
        f"{f'[{line.name}]({line.link})' if line.link else line.name} {line.summary}"
    ),
    link=lambda text, url: f"\n[{text}]({url})",
    more=lambda text: f"\n{text}",
)


def requests(message: Message) -> tuple[HttpRequest, ...]:
    """One message."""
    options = message.options
    title = plain(message.wording(in_markdown).heading(), 128)
    at = {"atMobiles": list(options.at_mobiles), "atUserIds": [], "isAtAll": options.at_all}
    tail = [f"\n{' '.join(f'@{mobile}' for mobile in options.at_mobiles)}"] if options.at_mobiles else []
    if options.keyword:
        tail.append(f"\n{in_markdown(options.keyword)}")

    def body(text: str) -> dict[str, object]:
        return {"msgtype": "markdown", "markdown": {"title": title, "text": text}, "at": at}

    room = Room(BODY_BYTES, lambda text: len(as_json(body(text))))
    return (json_request(_signed(message), body(compose(message, STYLE, room, tail))),)


def classify(answer: Answer, at: datetime) -> Outcome:
    """By `errcode`, and for 310000 by the words."""
    fields = answer.fields()
    said = str(fields.get("errmsg", "")).lower()
    if fields.get("errcode") == _SECURITY:
        found = next(((state, why) for words, state, why in _SECURITY_REASONS if re.search(words, said)), None)
        state, why = found or ("dead", "the robot's security settings refuse it")
        return coded(answer, "errcode", "errmsg", {_SECURITY: (state, why)})
    return coded(answer, "errcode", "errmsg", _VERDICTS)


def _signed(message: Message) -> str:
    url = message.credentials["url"]
    if not (secret := message.credentials.get("secret")):
        return url
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, dingtalk_query(secret, message.attempt.at)) if part)
    return urlunsplit(parts._replace(query=query))
