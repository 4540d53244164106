"""Ends every pod and job of a home: `python -m scheduler.backends.process.reap <home>`; for when no scheduler runs.

Pods outlive their scheduler by design, so bringing a platform down is a step of its own. The pods are marked as ended
on purpose: the next scheduler makes new ones and counts no crash.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from scheduler.backends.lifecycle.folders.pod_folder import pod_folders
from scheduler.backends.lifecycle.folders.run_folder import PodProcess
from scheduler.backends.process.cgroups import remove_groups
from shared.counted import counted

GRACE_S = 10.0


def reap(home: Path, grace_s: float = GRACE_S) -> int:
    """End every pod under `home`; how many there were. Returns once none is left, within `grace_s` and a little."""
    processes: list[PodProcess] = []
    groups: list[str] = []
    for folder in [*pod_folders(home / "pods"), *pod_folders(home / "jobs")]:
        folder.update(is_terminating=True)
        groups += [file for run in folder.runs() for file in run.groups()]
        processes += [process for run in folder.runs() if (process := run.process()) and process.is_alive()]
    for sig, limit_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
        for process in processes:
            process.send(sig)
            process.send(signal.SIGCONT)
        _wait(processes, limit_s)
    remove_groups(groups, is_last=True)
    return len(processes)


def _wait(processes: list[PodProcess], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and any(process.is_alive() for process in processes):
        time.sleep(0.05)


if __name__ == "__main__":
    print(f"ended {counted(reap(Path(sys.argv[1])), 'pod')}")
