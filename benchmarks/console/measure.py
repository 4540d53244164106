"""`python measure.py SERVICES LINES ROUNDS`: figures of the console on a platform of its own; JSON, the last line."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.console import pages
from benchmarks.console.store import fill
from browser.visit import browser
from platforms.running_platform import Platform


def figures(services: int, lines: int, rounds: int) -> pages.Figures:
    """Everything."""
    with tempfile.TemporaryDirectory(prefix="penstock-console-") as folder:
        platform = Platform(Path(folder) / "home")
        try:
            platform.up()
            asyncio.run(fill(platform.home, services, lines))
            with browser() as chromium:
                loads = [pages.first_load(chromium, platform) for _ in range(rounds)]
                return {
                    "first_load": {name: min(load[name] for load in loads) for name in loads[0]},
                    "lists": pages.lists(chromium, platform, rounds),
                    "log_lines": pages.log_lines(chromium, platform, lines),
                    "charts": pages.charts(chromium, platform, rounds),
                }
        finally:
            platform.down()


if __name__ == "__main__":
    print(json.dumps(figures(*map(int, sys.argv[1:4]))))
