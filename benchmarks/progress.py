"""Progress, for whoever waits; results go to stdout, this to stderr."""

from __future__ import annotations

import sys
import time

_started = time.monotonic()


def report_progress(line: str) -> None:
    """One line, with the minutes and seconds since the start."""
    passed = int(time.monotonic() - _started)
    print(f"{passed // 60:3d}:{passed % 60:02d}  {line}", file=sys.stderr, flush=True)
