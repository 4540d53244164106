"""The console's Node: the pinned one of the development tools, with the packages that the lock names."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

CONSOLE = Path(__file__).resolve().parents[3] / "console"
MODULES = CONSOLE / "node_modules"
_BIN = Path(sys.executable).parent
_STAMP = MODULES / ".installed-lock"


def install_packages() -> None:
    """What the lock names, installed once for each lock; processes that need it at once wait for the first."""
    wanted = hashlib.sha256((CONSOLE / "package-lock.json").read_bytes()).hexdigest()
    MODULES.mkdir(exist_ok=True)
    with (CONSOLE / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _STAMP.is_file() or _STAMP.read_text() != wanted:
            run(str(_BIN / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
            _STAMP.write_text(wanted)


def run(*command: str) -> str:
    """Run a command of Node's in `console/`; raises `AssertionError` with what it said."""
    environ = {**os.environ, "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", "TZ": "UTC", "CI": "1"}
    environ["NODE_DISABLE_COMPILE_CACHE"] = "1"  # it would stay in the temporary folder
    done = subprocess.run(command, cwd=CONSOLE, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def tool(name: str, *arguments: str) -> str:
    """Run what a package has brought."""
    return run(str(MODULES / ".bin" / name), *arguments)
