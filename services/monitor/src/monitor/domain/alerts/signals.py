"""Signals: what something that watches a service says of it now. Alerts are made of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

SignalSeverity = Literal["ok", "warning", "critical"]


@dataclass(frozen=True)
class Signal:
    """One verdict about one thing. Service, monitor and labels are its identity; `ok` resolves what is open.

    `monitor`: name of the rule, or of a built-in one. `labels`: what tells its alerts apart (column, slice, version).
    `evidence`: figures, JSON alone. `at`: end of the window or time of the fact; an older one than the last seen says
    nothing.
    """

    service: str
    monitor: str
    kind: str
    labels: Mapping[str, str]
    severity: SignalSeverity
    summary: str
    evidence: Mapping[str, Any]
    at: datetime

    @property
    def fingerprint(self) -> str:
        """Identity of its alerts, 32 hexadecimal digits: the same over restarts and releases."""
        return fingerprint_of(self.service, self.monitor, self.labels)


def fingerprint_of(service: str, monitor: str, labels: Mapping[str, str]) -> str:
    """The first 128 bits of the SHA-256 of service, monitor and sorted labels."""
    identity = json.dumps([service, monitor, sorted(labels.items())], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(identity.encode()).hexdigest()[:32]
