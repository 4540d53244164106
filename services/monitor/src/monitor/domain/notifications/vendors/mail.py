"""Mails (RFC 5322): text and HTML, one thread for all that is told of one alert.

`Message-ID` is the same in each attempt, so that a server that had accepted it before drops it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from monitor.domain.notifications.fitting import plain
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import NotifiedAlert, Outcome
from monitor.domain.notifications.prose import Room, Style, compose
from monitor.domain.notifications.wording import Colour, Wording, colour_of_all

MOST_LINES = 200
_COLOURS: Mapping[Colour, str] = {"red": "#d92d20", "orange": "#dc6803", "blue": "#175cd3", "green": "#039855"}
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei',sans-serif"
_TEXT = Style(
    escape=plain,
    heading=lambda text, _: f"{text}\n",
    summary=lambda text: f"{text}\n",
    row=lambda name, colon, text: f"{name}{colon}{text}",
    line=lambda line: f"- {line.status} {line.name}\n  {line.summary}" + (f"\n  {line.link}" if line.link else ""),
    link=lambda text, url: f"\n{text}: {url}",
)


@dataclass(frozen=True)
class Mail:
    """A mail, and between whom it goes."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)


def mail(message: Message) -> Mail:
    """The mail, in CRLF lines of ASCII."""
    options = message.options
    domain = options.sender.rpartition("@")[2]
    words = message.wording(plain)
    written = EmailMessage(policy=SMTP)
    written["From"] = options.sender
    written["To"] = ", ".join(options.recipients)
    written["Subject"] = plain(words.heading(), 200)
    written["Date"] = format_datetime(message.attempt.at)
    written["Message-ID"] = f"<{_id(message.attempt.id)}@{domain}>"
    if not message.is_digest:
        written["References"] = f"<alert-{_id(message.notification.alerts[0].fingerprint)}@{domain}>"
    written["Auto-Submitted"] = "auto-generated"
    text = compose(message, _TEXT, Room(200_000, most_lines=MOST_LINES))
    written.set_content(f"{text}\n", cte="base64")
    written.add_alternative(_html(message), subtype="html", cte="base64")
    written.set_boundary(f"=_{_id(message.attempt.id)}")  # else random: the same mail has the same bytes
    return Mail(options.sender, tuple(options.recipients), written.as_bytes())


def classify_reply(code: int, said: str, step: str) -> Outcome:
    """A reply that refuses (RFC 5321, section 4.2.1): 4yz may be taken later, 5yz never.

    `step`: auth, sender, recipients, data, or session: what is refused then is not this mail.
    """
    reason = f"the mail server refuses ({step}): {code} {plain(said, 160)}".rstrip()
    if 500 <= code < 600 and step != "session":
        return Outcome.channel_dead(reason) if step == "auth" else Outcome.rejected(reason)
    return Outcome.retry(reason)


def _id(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _html(message: Message) -> str:
    words = message.wording(_escaped)
    colour = _COLOURS[colour_of_all(message.notification)]
    body = _digest(message, words) if message.is_digest else _single(message.notification.alerts[0], words)
    link = words.link()
    button = (
        f'<p style="margin:20px 0 0"><a href="{escape(link[1])}" style="display:inline-block;padding:8px 16px;'
        f'border-radius:6px;background:#1d2939;color:#ffffff;text-decoration:none">{link[0]}</a></p>'
        if link
        else ""
    )
    return (
        f'<!doctype html><html lang="{message.notification.language}"><body style="margin:0;background:#f2f4f7;'
        f'padding:24px 12px;{_FONT};color:#1d2939"><div style="max-width:640px;margin:0 auto;background:#ffffff;'
        f'border-top:4px solid {colour};border-radius:8px;padding:20px 24px">'
        f'<h1 style="font-size:18px;line-height:1.4;margin:0 0 12px">{words.heading()}</h1>{body}{button}'
        "</div></body></html>\n"
    )


def _single(alert: NotifiedAlert, words: Wording) -> str:
    rows = "".join(
        f'<tr><td style="padding:4px 16px 4px 0;color:#667085;vertical-align:top;white-space:nowrap">{name}</td>'
        f'<td style="padding:4px 0;word-break:break-word">{text}</td></tr>'
        for name, text in words.rows(alert)
    )
    return (
        f'<p style="margin:0 0 12px;font-size:15px">{words.summary(alert)}</p>'
        f'<table style="border-collapse:collapse;font-size:14px">{rows}</table>'
    )


def _digest(message: Message, words: Wording) -> str:
    alerts = message.notification.alerts
    found = "".join(
        f'<tr><td style="padding:8px 12px 8px 0;vertical-align:top;white-space:nowrap;font-size:13px;'
        f'color:{_COLOURS[line.colour]}">{line.status}</td><td style="padding:8px 0;border-bottom:1px solid #eaecf0">'
        f"{_linked(line.name, line.link)}<br>"
        f'<span style="color:#475467">{line.summary}</span></td></tr>'
        for line in words.lines(MOST_LINES)
    )
    left = len(alerts) - MOST_LINES
    more = f'<p style="color:#667085">{words.more(left)}</p>' if left > 0 else ""
    return f'<table style="border-collapse:collapse;width:100%;font-size:14px">{found}</table>{more}'


def _linked(text: str, url: str | None) -> str:
    return f'<a href="{escape(url)}" style="color:#175cd3">{text}</a>' if url else text


def _escaped(text: str, most: int) -> str:
    return escape(plain(text, most))
