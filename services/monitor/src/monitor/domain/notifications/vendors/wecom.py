"""WeCom's group robots (developer.work.weixin.qq.com/document/path/91770).

The key in the URL is the only secret. Limits count bytes of the content. The answer is HTTP 200 in every case;
`errcode` says what it means, and 45009 (20 a minute and robot) must not be answered with a retry at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.domain.notifications.answers import Verdicts, coded
from monitor.domain.notifications.fitting import plain
from monitor.domain.notifications.markup import in_markdown
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import Outcome
from monitor.domain.notifications.prose import Room, Style, compose
from monitor.domain.notifications.request import Answer, HttpRequest, json_request
from monitor.domain.notifications.wording import Colour

_COLOURS: Mapping[Colour, str] = {"red": "warning", "orange": "warning", "blue": "comment", "green": "info"}

STYLES: Mapping[str, Style] = {
    "markdown": Style(
        escape=in_markdown,
        heading=lambda text, colour: f'### <font color="{_COLOURS[colour]}">{text}</font>',
        summary=lambda text: text,
        row=lambda name, colon, text: f'> {name}{colon}<font color="comment">{text}</font>',
        line=lambda line: (
            f'> <font color="{_COLOURS[line.colour]}">{line.status}</font> '
            f"{f'[{line.name}]({line.link})' if line.link else line.name} {line.summary}"
        ),
        link=lambda text, url: f"[{text}]({url})",
    ),
    "markdown_v2": Style(
        escape=in_markdown,
        heading=lambda text, _: f"### {text}",
        summary=lambda text: f"{text}\n",
        row=lambda name, colon, text: f"- **{name}**{colon}{text}",
        line=lambda line: (
            f"- **{line.status}** {f'[{line.name}]({line.link})' if line.link else line.name} {line.summary}"
        ),
        link=lambda text, url: f"\n[{text}]({url})",
        more=lambda text: f"\n{text}",
    ),
    "text": Style(
        escape=plain,
        heading=lambda text, _: text,
        summary=lambda text: text,
        row=lambda name, colon, text: f"{name}{colon}{text}",
        line=lambda line: f"· {line.status} {line.name} {line.summary}",
        link=lambda text, url: f"{text} {url}",
    ),
}
ROOMS: Mapping[str, Room] = {"text": Room(2048), "markdown": Room(4096), "markdown_v2": Room(4096)}
_VERDICTS: Verdicts = {
    -1: ("retry", "WeCom is busy"),
    45009: ("wait", "too many messages: a robot takes 20 a minute"),
    45033: ("wait", "too many messages at once"),
    93000: ("dead", "the robot's key is not valid, or the robot was removed"),
    93004: ("dead", "the robot is disabled or was removed"),
    93008: ("dead", "the robot is not in the group"),
    40008: ("rejected", "the type of the message is not taken"),
    40058: ("rejected", "the message is not taken"),
    44004: ("rejected", "the message is empty"),
    45002: ("rejected", "the message is too long"),
}


def requests(message: Message) -> tuple[HttpRequest, ...]:
    """One message."""
    options = message.options
    form: str = options.message
    mentions = " ".join(f"<@{user}>" for user in options.mention_users) if form == "markdown" else ""
    content = compose(message, STYLES[form], ROOMS[form], [mentions] if mentions else [])
    body: dict[str, Any] = {"content": content}
    if form == "text":
        body["mentioned_list"] = list(options.mention_users)
        body["mentioned_mobile_list"] = list(options.mention_mobiles)
    return (json_request(message.credentials["url"], {"msgtype": form, form: body}),)


def classify(answer: Answer, at: datetime) -> Outcome:
    """By `errcode`."""
    return coded(answer, "errcode", "errmsg", _VERDICTS)
