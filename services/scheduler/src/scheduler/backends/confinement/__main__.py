"""Executes a server of unauthenticated requests, confined: `python -m scheduler.backends.confinement FOLDER COMMAND…`.

The embedded MLflow asks for no credential, and reads and writes the files that a run's artifact location leads to: a
model could have it hand out any file of the platform. Under the rules it has `FOLDER`, and code.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from scheduler.backends.confinement import confine, landlock
from scheduler.backends.confinement.rules import ConfinementMethod, RuleBook
from scheduler.settings import SchedulerSettings


def main(folder: Path, command: list[str], settings: SchedulerSettings) -> int:
    """Execute `command` confined, where the scheduler would confine pods; 126 where it cannot be."""
    version = 0 if settings.confinement == "off" else landlock.abi()
    if version == 0 and settings.confinement == "require":
        print(f"{command[-1]} cannot be confined: the kernel has no Landlock", file=sys.stderr)
        return confine.FAILED
    if version == 0:
        print(f"{command[-1]} is not confined: it reads and writes what its callers name", file=sys.stderr)
        os.execv(command[0], command)  # noqa: S606 - never a shell
    rules = RuleBook(
        ConfinementMethod(version), settings.home.resolve(), settings.confinement_readable_paths
    ).for_server(folder.resolve())
    return confine.main(json.dumps(rules), command)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:], SchedulerSettings()))
