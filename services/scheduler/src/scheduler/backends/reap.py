"""Ends every pod and job of a home: `python -m scheduler.backends.reap <home>`; for when no scheduler runs.

Processes and containers alike. Pods outlive their scheduler by design, so bringing a platform down is a step of its
own. The pods are marked as ended on purpose: the next scheduler makes new ones and counts no crash.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from scheduler.backends.process.reap import GRACE_S, reap
from shared.counted import counted


def reap_all(home: Path, grace_s: float = GRACE_S) -> int:
    """End every pod under `home`; how many there were."""
    ended = reap(home, grace_s)
    if (home / "pods" / ".engine").exists():
        # Imported here: most installations have no engine.
        from scheduler.backends.docker.reap import reap_containers  # noqa: PLC0415

        ended += asyncio.run(reap_containers(home, grace_s))
    return ended


if __name__ == "__main__":
    print(f"ended {counted(reap_all(Path(sys.argv[1])), 'pod')}")
