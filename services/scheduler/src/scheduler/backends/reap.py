"""`python -m scheduler.backends.reap <home>`: `scheduler.backends.process.reap` by its name before 0.2.

Kept for one release, and removed with the next: a launcher that was started before an upgrade ends pods by this name.
"""

from __future__ import annotations

import sys
from pathlib import Path

from scheduler.backends.process.reap import reap

if __name__ == "__main__":
    print(f"ended {reap(Path(sys.argv[1]))} pods")
