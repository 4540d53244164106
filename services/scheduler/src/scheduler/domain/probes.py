"""Whether a pod answers, from what its probes found.

A silent pod is one of three things, told apart by what the operating system knows: *stopped* (SIGSTOP: out of
rotation at once), *busy* (silent while it burns CPU, such as one long `predict`: patience), or *hung* (silent and
idle). Taking a busy pod out would turn a slow answer into none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ProbeAnswer = Literal["ready", "alive", "refused", "silent"]
PING = "/ping"
"""Where a model server of ours is asked."""


@dataclass(frozen=True)
class ProbeLimits:
    """When silence counts. Seconds."""

    unready_after_s: float = 3.0
    hung_after_s: float = 15.0
    busy_after_s: float = 120.0


@dataclass(frozen=True)
class ProbeResult:
    """The result of one probe. `cpu_s`: CPU seconds used so far, all its processes together."""

    answer: ProbeAnswer
    is_stopped: bool = False
    cpu_s: float = 0.0
    revision: int = 0
    """Of the pod's report; another one than before: there is something new in it."""
    path: str = PING
    """That was asked."""
    status: int = 0
    """Of the answer, of somebody's own image; 0: not known."""


@dataclass(frozen=True)
class PodHealth:
    """What is known of a run's health; hand it back with the next result.

    `idle_since`: since when it has been silent without using CPU.
    """

    is_ready: bool = False
    was_ready: bool = False
    must_restart: bool = False
    silent_since: float | None = None
    idle_since: float | None = None
    cpu_s: float = 0.0
    reason: str | None = None


MIN_PROGRESS_S = 0.01
"""CPU seconds between two probes that count as work."""


def judge_health(health: PodHealth, result: ProbeResult, now: float, limits: ProbeLimits) -> PodHealth:
    """Health after one more probe at monotonic time `now`."""
    if result.answer == "ready":
        return PodHealth(is_ready=True, was_ready=True, cpu_s=result.cpu_s)
    if result.answer == "alive":
        said = f"GET {result.path} answers {result.status}" if result.status else "the pod says that it is not ready"
        return PodHealth(was_ready=health.was_ready, cpu_s=result.cpu_s, reason=said)
    return _silent(health, result, now, limits)


def _silent(health: PodHealth, result: ProbeResult, now: float, limits: ProbeLimits) -> PodHealth:
    since = now if health.silent_since is None else health.silent_since
    has_worked = result.cpu_s - health.cpu_s > MIN_PROGRESS_S
    idle_since = now if has_worked or health.idle_since is None else health.idle_since
    is_cut_off = result.is_stopped or result.answer == "refused"
    is_hung = now - idle_since >= limits.hung_after_s or now - since >= limits.busy_after_s
    return PodHealth(
        is_ready=health.is_ready and not is_cut_off and now - since < limits.unready_after_s,
        was_ready=health.was_ready,
        must_restart=health.was_ready and is_hung,
        silent_since=since,
        idle_since=idle_since,
        cpu_s=result.cpu_s,
        reason=_reason(result, now - since),
    )


def _reason(result: ProbeResult, silent_s: float) -> str:
    if result.is_stopped:
        return "the process is stopped"
    if result.answer == "refused":
        return "the pod refuses connections"
    return f"no answer to GET {result.path} for {silent_s:.1f} s"
