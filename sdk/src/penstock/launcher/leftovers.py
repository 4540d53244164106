"""Ends what a supervisor that was killed left behind. Pods are not touched: the next scheduler adopts them."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress

import psutil

from penstock.launcher.home import Home
from penstock.launcher.process import signal_group
from penstock.launcher.processes import SERVICES
from penstock.launcher.state import RunState, is_ours

GRACE_S = 12.0
REAP_S = 40.0


def end_leftovers(home: Home) -> int:
    """End the processes of the last run that still live; how many there were. Safe to repeat."""
    state = RunState.load(home)
    known = [p.pid for p in state.processes if p.pid] if state else _find_services(home)
    left = [pid for pid in known if is_ours(pid, home)]
    for sig in (signal.SIGTERM, signal.SIGKILL):
        alive = [pid for pid in left if is_ours(pid, home)]
        for pid in alive:
            signal_group(pid, sig)
        psutil.wait_procs([process for pid in alive if (process := _process(pid))], timeout=GRACE_S)
    return len(left)


def _find_services(home: Home) -> list[int]:
    """Pids of services, NATS and MLflow of this home, where no file says which they are."""
    commands = {f"-m {name.replace('-', '_')}" for name in SERVICES} | {"-m penstock.launcher.mlflow_server"}
    commands.add(f"-c {home.path / 'nats' / 'nats.conf'}")
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if " ".join(process.cmdline()[1:3]) in commands and is_ours(process.pid, home):
                found.append(process.pid)
    return found


def end_pods(home: Home) -> None:
    """End every pod of this platform, whether or not its scheduler lives."""
    if not any(entry.is_dir() for entry in (home.path / "pods").glob("*")):
        return  # there never was one
    command = [sys.executable, "-m", "scheduler.backends.reap", str(home.path)]
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=REAP_S)  # noqa: S603


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
