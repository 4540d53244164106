"""Finds Chromium, installs it where that is possible, and starts it without a sandbox or any call of its own.

In this order: `PENSTOCK_CHROMIUM`; the usual names on the path; Debian's package, as root; npm's packages (`packaged`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

from browser.packaged import ChromiumBinary, packaged_chromium

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
def chromium() -> ChromiumBinary:
    """A Chromium that runs here; raises `LookupError` with every place that was tried."""
    if found := os.environ.get("PENSTOCK_CHROMIUM") or _on_path():
        return ChromiumBinary(found)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        if found := _on_path():
            return ChromiumBinary(found)
    try:
        return packaged_chromium()
    except (LookupError, OSError, subprocess.TimeoutExpired) as error:
        tried = f"PENSTOCK_CHROMIUM, {', '.join(NAMES)}, Debian's package, npm's ({error})"
        raise LookupError(f"no Chromium: tried {tried}") from error


def _on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _install() -> None:
    """Debian's Chromium and a font with Chinese characters; a machine that cannot is asked for the next place."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update", "-q"), ("install", "-y", "-q", "chromium", "fonts-noto-cjk")):
        subprocess.run(("apt-get", *command), env=environ, capture_output=True, timeout=INSTALL_WITHIN_S, check=False)
