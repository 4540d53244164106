"""The checks, in the order in which they are shown. Each answers for itself: one that cannot look says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from penstock.doctor import machine, platform_checks
from penstock.doctor.findings import Finding, warning
from penstock.launcher.home import Home, LaunchError
from penstock.launcher.state import RunState, is_supervised
from penstock.launcher.watch.summary import summary


@dataclass(frozen=True)
class CheckContext:
    """What the checks look at. `state` is None where no platform runs; `home` has the ports of the one that does."""

    home: Home
    state: RunState | None
    figures: Mapping[str, object]
    environ: Mapping[str, str]


Check = Callable[[CheckContext], Iterator[Finding]]

CHECKS: dict[str, Check] = {
    "processes": lambda it: platform_checks.processes(it.home, it.state),
    "disk": lambda it: machine.disk(it.home),
    "spool": lambda it: platform_checks.spool(it.figures),
    "bus": lambda it: platform_checks.bus(it.home, it.state, it.figures),
    "clock": lambda it: machine.clock(it.home),
    "capacity": lambda it: platform_checks.capacity(it.state),
    "limits": lambda it: platform_checks.limits(it.state),
    "confinement": lambda it: platform_checks.confinement(it.state),
    "versions": lambda _: machine.versions(),
    "files": lambda it: machine.files(it.home, it.environ),
    "ports": lambda it: machine.ports(it.home, it.environ, is_running=it.state is not None),
}


def run_doctor_checks(home: Home, environ: Mapping[str, str]) -> list[Finding]:
    """Run every check."""
    state = RunState.load(home) if is_supervised(home) else None
    figures = summary(home, state) if state else {}
    context = CheckContext(home.at(state.ports) if state else home, state, figures, environ)
    return [finding for name, check in CHECKS.items() for finding in _run_check(name, check, context)]


def _run_check(name: str, check: Check, context: CheckContext) -> list[Finding]:
    try:
        return list(check(context))
    except (OSError, LaunchError, KeyError, TypeError, ValueError) as error:
        why = str(error) or type(error).__name__
        return [warning(name, f"cannot be looked at: {why}", "see the logs of the platform")]
