"""How the runs of a pod's container began and ended, as its status says. The number of a run is that of its restarts.

A status remembers the run that is on and the one before it: one that ended unseen before those is not known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler.backends.kubernetes.facts.sentences import explain_start_error
from scheduler.backends.kubernetes.facts.times import time_of
from scheduler.domain.values import OUT_OF_MEMORY, RunEnd

NEVER_LOADS = 5
"""Exit code of a model server whose model raised what it would raise again."""
SIGNALS = range(129, 129 + 64)
"""Exit codes of what a signal has ended: 128 and its number."""
LAST_LINES = 20


@dataclass(frozen=True)
class RunFacts:
    """One run: when it began and ended (None: it goes on), and how."""

    number: int
    started_at: datetime | None
    ended_at: datetime | None = None
    end: RunEnd | None = None


def runs_of(
    status: Mapping[str, Any] | None, first: int, memory: str, image: str, *, is_ours: bool = True
) -> list[RunFacts]:
    """The runs that a container's status knows, oldest first.

    Args:
        first: number of its first run; each failed try to prepare the pod was a run of its own before it.
        memory: the pod's limit, in words.
        is_ours: it is a model server of ours, whose exit codes mean something.
    """
    found = []
    if before := _before(status):
        found.append(_ended(first + before[0], before[1], memory, image, is_ours=is_ours))
    number, state = first + restarts_of(status), (status or {}).get("state") or {}
    if running := state.get("running"):
        found.append(RunFacts(number, time_of(running.get("startedAt"))))
    elif ended := state.get("terminated"):
        found.append(_ended(number, ended, memory, image, is_ours=is_ours))
    return found


def restarts_of(status: Mapping[str, Any] | None) -> int:
    """How often a container was started again."""
    return int((status or {}).get("restartCount") or 0)


def _before(status: Mapping[str, Any] | None) -> tuple[int, Mapping[str, Any]] | None:
    """How the run before ended. One that waits has not been counted as started again: its last run is the newest."""
    state, last = (status or {}).get("state") or {}, (status or {}).get("lastState") or {}
    ended, number = last.get("terminated"), restarts_of(status)
    if not ended:
        return None
    number -= 0 if "waiting" in state else 1
    return (number, ended) if number >= 0 else None


def _ended(number: int, ended: Mapping[str, Any], memory: str, image: str, *, is_ours: bool) -> RunFacts:
    finished, end = time_of(ended.get("finishedAt")), run_end(number, ended, memory, image, is_ours=is_ours)
    return RunFacts(number, time_of(ended.get("startedAt")), finished, end)


def run_end(number: int, ended: Mapping[str, Any], memory: str, image: str, *, is_ours: bool = True) -> RunEnd:
    """How a container ended, from its `terminated` state."""
    code, said = ended.get("exitCode"), str(ended.get("message") or "")
    why = str(ended.get("reason") or "")
    if why == "OOMKilled":
        message = f"killed by the kernel at its limit of {memory}"
        return RunEnd(number, None, 9, OUT_OF_MEMORY, message, log_tail=_lines(said))
    if why == "ContainerStatusUnknown" or code is None:
        return RunEnd(number, log_tail=_lines(said))
    if why in {"StartError", "ContainerCannotRun"}:
        start = explain_start_error(said, image)
        return RunEnd(number, int(code), None, start.reason, start.message, is_permanent=start.is_terminal)
    number_of_signal = int(ended.get("signal") or 0) or (int(code) - 128 if code in SIGNALS else 0)
    return RunEnd(
        number,
        None if number_of_signal else int(code),
        number_of_signal or None,
        is_permanent=is_ours and code == NEVER_LOADS,
        log_tail=_lines(said),
    )


def preparation_end(status: Mapping[str, Any] | None) -> RunEnd | None:
    """How the last try to prepare the pod failed; None where none did. Its number is that of the try.

    The container says why in its last words: `{"reason": …, "message": …, "is_permanent": …}`.
    """
    state = (status or {}).get("state") or {}
    number, ended = (
        (restarts_of(status), state["terminated"]) if state.get("terminated") else (_before(status) or (0, None))
    )
    if ended is None or ended.get("exitCode") == 0:
        return None
    said = str(ended.get("message") or "")
    try:
        told = json.loads(said.splitlines()[-1])
        reason, message, is_permanent = str(told["reason"]), str(told["message"]), bool(told.get("is_permanent"))
    except (ValueError, KeyError, TypeError, IndexError):
        why = "it ran out of memory" if ended.get("reason") == "OOMKilled" else f"exit code {ended.get('exitCode')}"
        message = f"preparing the pod failed: {why}"
        return RunEnd(number, None, None, "PreparationFailed", message, log_tail=_lines(said))
    return RunEnd(number, None, None, reason, message, is_permanent=is_permanent)


def _lines(said: str) -> tuple[str, ...]:
    return tuple(line.rstrip()[:1000] for line in said.splitlines() if line.strip())[-LAST_LINES:]
