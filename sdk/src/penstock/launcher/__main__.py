"""The supervisor in the background: `python -m penstock.launcher`, as `penstock up --detach` starts it."""

from __future__ import annotations

import os
import sys

from penstock.launcher.home import Home, LaunchError
from penstock.launcher.platform import run


def say(line: str) -> None:
    """A line of the supervisor's log."""
    print(f"penstock: {line}", flush=True)


if __name__ == "__main__":
    try:
        run(Home.from_environment(os.environ), on_ready=lambda: say("ready"), on_trouble=say)
    except LaunchError as error:
        say(str(error))
        sys.exit(1)
