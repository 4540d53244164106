"""Why a process does not start, in the words that it wrote last."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from penstock.launcher.home import Home
from penstock.launcher.state import RunState

TOO_MANY_STARTS = 3
"""A process that ended this often before the platform was ever ready will not come up by itself."""
LAST_WORDS = 5
"""Lines that a process may write after the error that ends it."""


def startup_failures(home: Home, state: RunState | None, told: Iterable[str] = ()) -> list[tuple[str, str]]:
    """(process, one line) for each that keeps ending, with its last words."""
    return [
        (
            p.name,
            f"{p.name} does not start: {last_log_line(home.logs / f'{p.name}.log')} (log: {home.logs}/{p.name}.log)",
        )
        for p in (state.processes if state else ())
        if p.restarts >= TOO_MANY_STARTS and p.state != "running" and p.name not in told
    ]


def last_log_line(log: Path) -> str:
    """The last line that a process wrote; of JSON log lines the message, of the error that ended it where there is one.

    A process that ends by an error still says what it could not do on the way out, such as a bus that it left.
    """
    try:
        lines = log.read_bytes()[-65_536:].decode(errors="replace").split("\n")
    except OSError:
        return "it wrote nothing"
    last = [line.strip() for line in lines if line.strip()][-LAST_WORDS:]
    if not last:
        return "it wrote nothing"
    records = [_log_record(line) for line in last]
    error = next((record for record in reversed(records) if record.get("level") in ("ERROR", "CRITICAL")), None)
    record = records[-1] if error is None else error
    if "message" not in record:
        return last[-1]
    reason = str(record.get("exc_info") or "").strip().rpartition("\n")[2]
    return ": ".join(filter(None, (str(record["message"]), reason)))


def _log_record(line: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        record = json.loads(line)
        return record if isinstance(record, dict) else {}
    return {}
