"""What a pod tells about itself (`GET /check`): what was found out about its model, and what has happened since.

Each change has a number, the revision, which every health answer carries: a prober reads the report again when it
changes, and passes on the events whose number is greater than that of the last it passed on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson

if TYPE_CHECKING:
    from penstock_runtime.sharing.policy import SharingVerdict

MAX_EVENTS = 20
MAX_MESSAGE = 500
Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class ModelCheck:
    """What was found out when the model was loaded."""

    load_seconds: float
    status: str
    """`ok`, `failed`, or `absent` where no example was logged."""
    rows: int
    seconds: float | None
    message: str | None
    has_signature: bool
    signature: dict[str, str | None] | None = None
    """MLflow's JSON texts of its inputs, outputs and params; None: it has none, or a huge one."""

    def facts(self) -> dict[str, Any]:
        """For the pod's report."""
        milliseconds = None if self.seconds is None else round(self.seconds * 1000, 3)
        return {
            "load_ms": round(self.load_seconds * 1000, 3),
            "example": {
                "status": self.status,
                "rows": self.rows,
                "duration_ms": milliseconds,
                "message": self.message,
            },
            "has_signature": self.has_signature,
            "signature": self.signature,
        }

    def lines(self) -> list[str]:
        """The check in words, for the pod's output."""
        tried = {
            "ok": f"{self.rows} {'row' if self.rows == 1 else 'rows'} predicted in {(self.seconds or 0) * 1000:.1f} ms",
            "failed": f"failed: {self.message}",
            "absent": "none was logged with the model",
        }
        signature = "with" if self.has_signature else "without"
        unchecked = [] if self.has_signature else ["warning: no signature: inputs are not checked"]
        return [
            f"loaded a model {signature} a signature in {self.load_seconds * 1000:.0f} ms",
            *unchecked,
            f"the model's input example: {tried[self.status]}",
        ]


@dataclass(frozen=True, slots=True)
class ReportedEvent:
    """Something that happened after the pod was ready."""

    revision: int
    level: Level
    reason: str
    message: str


class RuntimeReport:
    """The report of one pod, from ready to its end."""

    def __init__(self, check: ModelCheck, verdict: SharingVerdict) -> None:
        self.check = check
        self.verdict = verdict
        self.check_seconds: float | None = None
        """From the loaded model to "ready": the check, and the workers of a slow model."""
        self.revision = 0
        self.worker_deaths = 0
        self.last_worker_death: str | None = None
        self._events: deque[ReportedEvent] = deque(maxlen=MAX_EVENTS)

    def verdict_changed(self, verdict: SharingVerdict) -> None:
        """Callers share from now on, or do not any more."""
        self.verdict = verdict
        if verdict.shares:
            self._add("info", "SharingProven", f"callers share a predict from now on: {verdict.message}")
        elif verdict.reason == "structure":
            self._add("warning", "SharingStopped", f"each caller is predicted alone: {verdict.message}")
        else:
            self._add("warning", "RowsNotIndependent", f"each caller is predicted alone: {verdict.message}")

    def worker_died(self, how: str, message: str) -> None:
        """A process that ran the model has ended without being asked to."""
        self.worker_deaths += 1
        self.last_worker_death = f"worker {how}"
        self._add("warning", "WorkerEnded", message)

    def header(self) -> bytes:
        """For a health answer."""
        return b"X-Penstock-Revision: %d\r\n" % self.revision

    def body(self) -> bytes:
        """The report as JSON."""
        return orjson.dumps(
            {
                **self.check.facts(),
                "row_wise": self.verdict.shares,
                "row_wise_reason": self.verdict.reason,
                "row_wise_message": self.verdict.message,
                "check_ms": None if self.check_seconds is None else round(self.check_seconds * 1000, 3),
                "revision": self.revision,
                "worker_deaths": self.worker_deaths,
                "last_worker_death": self.last_worker_death,
                "events": [
                    {"revision": each.revision, "level": each.level, "reason": each.reason, "message": each.message}
                    for each in self._events
                ],
            }
        )

    def _add(self, level: Level, reason: str, message: str) -> None:
        self.revision += 1
        self._events.append(ReportedEvent(self.revision, level, reason, message[:MAX_MESSAGE]))
