"""Draws what each channel is sent, roughly as its application shows it: `python deploy/channel_gallery.py OUT.html`.

For looking at templates, and for the pictures in docs/channels.md.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from uuid import UUID

from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import Attempt, Notification, NotifiedAlert
from monitor.domain.notifications.rendering import HTTP
from monitor.domain.notifications.vendors.mail import mail
from shared.contracts.alerting.channels import ChannelDefinition, ChannelKind, Language

AT = datetime(2026, 11, 27, 10, 40, tzinfo=UTC)
OPTIONS: dict[str, dict[str, Any]] = {
    "smtp": {"host": "m.example", "sender": "alerts@example.com", "recipients": ["team@example.com"]}
}
CREDENTIALS = {"url": "https://robot.example/"}
CHATS: tuple[ChannelKind, ...] = ("wecom", "dingtalk", "feishu", "slack", "smtp")
COLOURS = {"info": "#0a9d4f", "comment": "#8a8f99", "warning": "#f2820d"}
CARDS = {"red": "#f54a45", "orange": "#ff8800", "blue": "#3370ff", "green": "#34c724"}
SUMMARY = {
    "en": "The distribution of alcohol moved: PSI 0.41 is above 0.25, in 2 of 3 windows",
    "zh": "alcohol 的分布发生变化：PSI 0.41 高于 0.25，3 个窗口中有 2 个超出",
}
STYLE = """
body{font:14px/1.5 -apple-system,'Segoe UI',Roboto,'Noto Sans CJK SC',sans-serif;background:#eceef1;margin:24px}
body{color:#1f2329}
h2{font-size:15px;margin:0 0 8px;color:#646a73;font-weight:500}
.all{display:grid;grid-template-columns:repeat(3,400px);gap:20px;align-items:start}
.m{background:#fff;border-radius:8px;padding:12px 14px;overflow-wrap:break-word}
.m h3{font-size:15px;margin:0 0 6px}.m blockquote{margin:0;border-left:3px solid #dee0e3;padding-left:8px}
.m ul{margin:4px 0;padding-left:18px}.m a{color:#3370ff;text-decoration:none}
.card{padding:0;overflow:hidden}.card .head{color:#fff;padding:9px 14px;font-weight:600}.card .b{padding:10px 14px}
.f{display:grid;grid-template-columns:1fr 1fr;gap:6px 12px;white-space:pre-line;margin:6px 0}
.btn{display:inline-block;border:1px solid #3370ff;color:#3370ff;border-radius:6px;padding:2px 10px;font-size:13px}
.item{display:flex;justify-content:space-between;gap:8px;white-space:pre-line;margin:6px 0}
.bar{border-left:4px solid;padding-left:10px;margin-top:6px;white-space:pre-line}
iframe{border:0;width:100%;height:460px;border-radius:8px}
"""


def alert(number: int, language: Language, **changes: Any) -> NotifiedAlert:
    """One that could be."""
    values: dict[str, Any] = {
        "id": str(number),
        "fingerprint": f"f{number}",
        "service": "wine-quality",
        "monitor": "drift",
        "kind": "drift",
        "status": "firing",
        "severity": "critical",
        "summary": SUMMARY[language],
        "started_at": AT - timedelta(minutes=65),
        "facts": {"value": "0.41", "threshold": "0.25", "window": "17:00 – 18:00", "rows": "12,840"},
        "labels": {"column": "alcohol", "version": "v2"},
        "link": f"https://penstock.example/alerts/{number}",
    }
    return NotifiedAlert(**{**values, **changes})


def notifications(language: Language, *, is_hostile: bool) -> Iterator[Notification]:
    """Firing, resolved, and a digest; the hostile one is longer than what is listed."""
    link = "https://penstock.example/alerts"
    yield Notification("default", (alert(1, language),), language, link)
    yield Notification("default", (alert(1, language, status="resolved", ended_at=AT),), language, link)
    some = [
        alert(2, language),
        alert(3, language, service="churn", monitor="p99", severity="warning", summary="p99 480 ms > 300 ms"),
        alert(4, language, service="ads", monitor="rows", status="resolved", ended_at=AT, summary="4,812 rows"),
    ]
    if is_hostile:
        odd = {"service": "<@all> [x](http://evil)", "summary": '<font color="info">**ok**</font> `x` ![i](http://e)'}
        some += [alert(5, language, **odd), *(alert(number, language) for number in range(6, 34))]
    yield Notification("default", tuple(some), language, link)


def markdown(text: str) -> str:
    """About as much of Markdown as chats know."""
    html = escape(text, quote=False)
    html = re.sub(r'&lt;font color="([^"]+)"&gt;', lambda m: f'<span style="color:{COLOURS.get(m[1], m[1])}">', html)
    html = html.replace("&lt;/font&gt;", "</span>")
    html = re.sub(r"\[([^\]]*)\]\((\S+?)\)", r'<a href="\2">\1</a>', html)
    html = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html)
    lines = []
    for line in html.split("\n"):
        if line.startswith("### "):
            lines.append(f"<h3>{line[4:]}</h3>")
        elif line.startswith("&gt; "):
            lines.append(f"<blockquote>{line[5:]}</blockquote>")
        elif line.startswith("- "):
            lines.append(f"<ul><li>{line[2:]}</li></ul>")
        else:
            lines.append(f"<div>{line or '&nbsp;'}</div>")
    return "".join(lines)


def card(body: dict[str, Any]) -> str:
    """A card of Feishu."""
    parts = []
    for element in body["card"]["elements"]:
        if "fields" in element:
            fields = "".join(f"<div>{escape(field['text']['content'])}</div>" for field in element["fields"])
            parts.append(f'<div class="f">{fields}</div>')
        elif "actions" in element:
            parts.append(f'<span class="btn">{escape(element["actions"][0]["text"]["content"])}</span>')
        else:
            extra = element.get("extra")
            button = f'<div><span class="btn">{escape(extra["text"]["content"])}</span></div>' if extra else ""
            parts.append(f'<div class="item"><div>{escape(element["text"]["content"])}</div>{button}</div>')
    head = body["card"]["header"]
    colour = CARDS[head["template"]]
    title = escape(head["title"]["content"])
    return f'<div class="head" style="background:{colour}">{title}</div><div class="b">{"".join(parts)}</div>'


def mrkdwn(text: str) -> str:
    """Slack's markup: entities are written already."""
    html = re.sub(r"<([^|>]+)\|([^>]+)>", r'<a href="\1">\2</a>', text)
    return re.sub(r"\*(.+?)\*", r"<b>\1</b>", html)


def slack(body: dict[str, Any]) -> str:
    """A message of Slack."""
    attachment = body["attachments"][0]
    parts = []
    for block in attachment["blocks"]:
        if "fields" in block:
            parts.append(
                '<div class="f">' + "".join(f"<div>{mrkdwn(f['text'])}</div>" for f in block["fields"]) + "</div>"
            )
        else:
            parts.append(f"<div>{mrkdwn(block['text']['text'])}</div>")
    return f'{mrkdwn(body["text"])}<div class="bar" style="border-color:{attachment["color"]}">{"".join(parts)}</div>'


def drawn(kind: ChannelKind, language: Language, notification: Notification) -> str:
    """One message."""
    channel = ChannelDefinition(
        id=UUID(int=1),
        name="team",
        project="default",
        kind=kind,
        language=language,
        time_zone="Asia/Shanghai" if language == "zh" else "UTC",
        options=OPTIONS.get(kind, {}),
    )
    message = Message(channel, CREDENTIALS, notification, Attempt("a", AT))
    if kind == "smtp":
        parsed = email.message_from_bytes(mail(message).content, policy=email.policy.default)
        part = parsed.get_body(("html",))
        assert part is not None
        return f'<iframe srcdoc="{escape(part.get_content())}"></iframe>'
    body = json.loads(HTTP[kind][0](message)[0].body)
    if kind == "feishu":
        return f'<div class="m card">{card(body)}</div>'
    if kind == "slack":
        return f'<div class="m">{slack(body)}</div>'
    return f'<div class="m">{markdown(body["markdown"].get("content") or body["markdown"]["text"])}</div>'


def main() -> None:
    """Write the page; with `--hostile` the digest has many alerts, and texts that try to be markup."""
    target, *more = sys.argv[1:]
    parts = [
        f"<div><h2>{kind}</h2>{drawn(kind, language, notification)}</div>"
        for kind in CHATS
        for language in (_language(kind),)
        for notification in notifications(language, is_hostile=bool(more))
    ]
    page = f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><div class="all">{"".join(parts)}</div>'
    Path(target).write_text(page)


def _language(kind: ChannelKind) -> Language:
    return "en" if kind in ("slack", "smtp") else "zh"


if __name__ == "__main__":
    main()
