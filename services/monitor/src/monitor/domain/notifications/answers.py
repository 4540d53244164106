"""What answers have in common: waits that are asked for, quotes of what was said, and what no vendor documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from monitor.domain.notifications.fitting import plain
from monitor.domain.notifications.notification import Outcome
from monitor.domain.notifications.request import Answer

LONGEST_WAIT_S = 3600.0
LONGEST_QUOTE = 160
RATE_WAIT_S = 60.0
"""Where a receiver limits by the minute and does not say how long to wait."""

Verdicts = Mapping[int, tuple[str, str]]
"""A code → what becomes of the message (a method of `Outcome`), and why, in words."""


def retry_after(answer: Answer, at: datetime) -> float | None:
    """Seconds of `Retry-After`, a number or a date, an hour at most."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    wait = ((until if until.tzinfo else until.replace(tzinfo=UTC)) - at).total_seconds()
    return min(max(wait, 0.0), LONGEST_WAIT_S)


def quote(text: object) -> str:
    """What was said, as one short line."""
    return plain(str(text), LONGEST_QUOTE) if text else ""


def with_quote(reason: str, said: object) -> str:
    """The reason, and the receiver's own words behind it."""
    words = quote(said)
    return f"{reason}: {words}" if words else reason


def coded(answer: Answer, field: str, said: str, verdicts: Verdicts) -> Outcome:
    """The outcome by the code in `field`; anything but a code that is known to mean yes is a failure."""
    fields = answer.fields()
    code = fields.get(field)
    if not isinstance(code, int) or isinstance(code, bool):
        return unknown(answer, f"no {field} in the answer")
    if code == 0:
        return Outcome.sent() if answer.status == 200 else unknown(answer, f"{field} 0")
    words = with_quote(f"{field} {code}", fields.get(said))
    if code not in verdicts:
        return Outcome.retry(f"refused, {words}")
    state, why = verdicts[code]
    reason = f"{why} ({words})"
    if state == "wait":
        return Outcome.retry(reason, RATE_WAIT_S)
    if state == "retry":
        return Outcome.retry(reason)
    return Outcome.channel_dead(reason) if state == "dead" else Outcome.rejected(reason)


def busy(answer: Answer, at: datetime, who: str) -> Outcome | None:
    """Too many at once (429), or not able to (5xx)."""
    if answer.status == 429:
        return Outcome.retry(f"{who} takes no more at the moment (429)", retry_after(answer, at) or RATE_WAIT_S)
    if answer.status >= 500:
        return Outcome.retry(f"{who} answers {answer.status}", retry_after(answer, at))
    return None


def unknown(answer: Answer, why: str = "") -> Outcome:
    """An answer that is none of the receiver's own: a firewall's, a proxy's, a sign-in page."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    what = ", ".join(part for part in (f"HTTP {answer.status}", quote(kind), why) if part)
    return Outcome.retry(f"an answer that the receiver is not known to give ({what})")


def redirected(answer: Answer) -> Outcome | None:
    """Redirects are not followed: the message would go to somewhere that nobody named."""
    if 300 <= answer.status < 400:
        return Outcome.retry(f"HTTP {answer.status}: redirects are not followed; name the final URL")
    return None
