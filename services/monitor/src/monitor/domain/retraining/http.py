"""What goes over HTTP to a system that retrains, what comes back, and what a first answer may mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.contracts.retraining import RetrainingRun

LONGEST_QUOTE = 200
LONGEST_WAIT_S = 3600.0
_DELAYS_S = (5.0, 15.0, 60.0, 120.0, 300.0)


@dataclass(frozen=True)
class HttpCall:
    """A request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    """JSON; None: none."""
    raw: bytes | None = field(default=None, repr=False)
    """The body as it is signed."""


@dataclass(frozen=True)
class HttpAnswer:
    """An answer; names of `headers` are lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    def fields(self) -> Mapping[str, Any]:
        """The body where it is a JSON object, else nothing."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def quote(self) -> str:
        """What was said, as one short line."""
        said = self.fields()
        words = next((said[name] for name in ("message", "detail", "title", "error") if said.get(name)), None)
        text = str(words) if words is not None else self.body[:LONGEST_QUOTE].decode(errors="replace")
        line = " ".join("".join(ch if ch.isprintable() else " " for ch in text).split())
        return f"HTTP {self.status}" + (f": {line[:LONGEST_QUOTE]}" if line else "")


@dataclass(frozen=True)
class StartOutcome:
    """What became of one try to start: `started`, `retry` (after so long), or `rejected` for good."""

    kind: Literal["started", "retry", "rejected"]
    run: RetrainingRun | None = None
    reason: str | None = None
    message: str | None = None
    after_s: float | None = None


@dataclass(frozen=True)
class Progress:
    """What a system says of a run, in our words, and in its own. `unknown`: it says nothing that we know."""

    kind: Literal["waiting", "running", "succeeded", "failed", "cancelled", "gone", "unknown"]
    state: str | None = None
    message: str | None = None
    run: RetrainingRun | None = None


def started(run: RetrainingRun) -> StartOutcome:
    """It was accepted."""
    return StartOutcome("started", run)


def retry(reason: str, message: str, after_s: float | None = None) -> StartOutcome:
    """It may be accepted later."""
    return StartOutcome("retry", reason=reason, message=message, after_s=after_s)


def rejected(reason: str, message: str) -> StartOutcome:
    """It will not be accepted, whatever is tried."""
    return StartOutcome("rejected", reason=reason, message=message)


def refusal_of(answer: HttpAnswer) -> StartOutcome:
    """What an answer means that is no success, with any of the systems: unknown is a failure, never a yes."""
    words = answer.quote()
    if 300 <= answer.status < 400:
        return rejected("Redirected", f"redirects are not followed; name the final URL ({words})")
    if answer.status in (401, 403) and "retry-after" not in answer.headers:
        return rejected("Unauthorized", f"the credentials are refused ({words})")
    if answer.status in (404, 410):
        return rejected("NotFound", f"there is no such thing, or it is not shown to us ({words})")
    if answer.status in (408, 425, 429, 403) or answer.status >= 500:
        return retry("Unavailable", words, _retry_after(answer))
    if 400 <= answer.status < 500:
        return rejected("Refused", f"the request is refused ({words})")
    return retry("UnknownAnswer", f"an answer that it is not known to give ({words})")


def _retry_after(answer: HttpAnswer) -> float | None:
    text = answer.headers.get("retry-after", "").strip()
    return min(float(text[:9]), LONGEST_WAIT_S) if text.isascii() and text.isdigit() else None


def delay_s(attempts: int, asked_s: float | None = None) -> float:
    """Seconds until the next try, after so many."""
    usual = _DELAYS_S[min(attempts, len(_DELAYS_S)) - 1] if attempts else 0.0
    return max(usual, asked_s or 0.0)
