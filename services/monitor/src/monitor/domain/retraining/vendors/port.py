"""The port of a system that retrains: requests and what their answers mean, without any I/O."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.domain.notifications.fitting import plain
from monitor.domain.retraining.http import HttpAnswer, HttpCall, Progress, StartOutcome
from shared.contracts.retraining import RetrainingEvidence, RetrainingRun

LONGEST_TEXT = 256
LONGEST_LINK = 1024
"""Characters of what another system says of a run: it travels in an event, and is shown to people."""


@dataclass(frozen=True)
class Ask:
    """What is asked for, who we are there, and when."""

    evidence: RetrainingEvidence
    credentials: Mapping[str, str] = field(repr=False)
    at: datetime

    @property
    def said(self) -> dict[str, Any]:
        """The evidence as JSON."""
        return self.evidence.model_dump(mode="json", exclude_none=True)

    @property
    def run_id(self) -> str:
        """The name of its run, where we may give it one: a repeat is found out by it."""
        return f"penstock-{self.evidence.id}"

    @property
    def bearer(self) -> dict[str, str]:
        """The header of a token, or of a user and password."""
        if token := self.credentials.get("token"):
            return {"authorization": f"Bearer {token}"}
        if "username" in self.credentials:
            pair = f"{self.credentials['username']}:{self.credentials.get('password', '')}"
            return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return {}


class Vendor(ABC):
    """One system. Each starts a run; what it cannot do besides is left as it is here."""

    def login(self, ask: Ask) -> HttpCall | None:
        """The request whose answer has a token (`token_of`); None: none is needed."""
        return None

    @abstractmethod
    def start(self, ask: Ask) -> HttpCall:
        """The request that starts it. Raises `ValueError` where the credentials are of no use."""

    @abstractmethod
    def started(self, answer: HttpAnswer, ask: Ask) -> StartOutcome:
        """What its answer means."""

    def look(self, run: RetrainingRun, ask: Ask) -> HttpCall | None:
        """The request that asks how it does; None: it cannot be asked."""
        return None

    def seen(self, answer: HttpAnswer, run: RetrainingRun, ask: Ask) -> Progress:
        """What its answer means."""
        return Progress("unknown", run=run)

    def cancel(self, run: RetrainingRun, ask: Ask) -> HttpCall | None:
        """The request that ends it; None: it cannot be told."""
        return None


def token_of(answer: HttpAnswer) -> str | None:
    """The token in the answer of a login."""
    found = answer.fields().get("access_token") if answer.is_success else None
    return found if isinstance(found, str) and found.isascii() and found.isprintable() else None


def progress_of(answer: HttpAnswer, run: RetrainingRun, state: str | None, states: Mapping[str, Any]) -> Progress:
    """What an answer means, by the states that the system is known to have."""
    if answer.status == 404:
        return Progress("gone", message=f"it is not there any more ({answer.quote()})", run=run)
    if state is None or state not in states:
        return Progress("unknown", state, answer.quote(), run)
    now = run.model_copy(update={"state": state})
    message = f"it ended as {state}" if states[state] == "failed" else None
    return Progress(states[state], state, message, now)


def text_of(value: object) -> str | None:
    """A text that is not empty, as one line of at most `LONGEST_TEXT` visible characters; else None."""
    return (plain(value, LONGEST_TEXT) or None) if isinstance(value, str) else None


def link_of(value: object) -> str | None:
    """An http or https URL of at most `LONGEST_LINK` characters, which people are shown as a link; else None."""
    if not isinstance(value, str) or len(value) > LONGEST_LINK or not value.isprintable():
        return None
    return value if value.startswith(("https://", "http://")) else None
