"""The supervisor in the background: `python -m penstock.launcher [DATABASE…]`, as `penstock up --detach` starts it."""

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
        home = Home.from_environment(os.environ)
        run(home, on_ready=lambda: say("ready"), on_startup_failure=say, new_databases=sys.argv[1:])
    except LaunchError as error:
        say(str(error))
        sys.exit(1)
