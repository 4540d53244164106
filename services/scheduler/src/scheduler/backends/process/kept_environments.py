"""Environments that a home keeps: `python -m scheduler.backends.process.kept_environments <home> [DAYS]`.

Prints one JSON object for each. With DAYS, those that no pod uses, and none was started in for so long, are removed.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from scheduler.backends.environments.inventory import kept_environments, prune_environments
from scheduler.backends.lifecycle.folders.pod_folder import pod_folders

DAY_S = 86_400.0


def users_of_environments(home: Path) -> dict[str, set[str]]:
    """Folder of an environment → pods whose kept runs were started in it."""
    found: dict[str, set[str]] = {}
    for pod in [*pod_folders(home / "pods"), *pod_folders(home / "jobs")]:
        for run in pod.runs():
            command = (run.read_order() or {}).get("command") or [""]
            found.setdefault(str(Path(command[0]).parent.parent.resolve()), set()).add(pod.record.name)
    return found


def main(home: str, days: str | None = None) -> None:
    """See the module."""
    root = Path(home).resolve()
    users = users_of_environments(root)
    found = (
        kept_environments(root, users)
        if days is None
        else prune_environments(root, users, float(days) * DAY_S, time.time())
    )
    for each in found:
        print(json.dumps(asdict(each)))


if __name__ == "__main__":
    main(*sys.argv[1:])
