"""Packages of one module, made by hand."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

SETUP = """\
import json, os, pathlib
from setuptools import setup
seen = {name: os.environ.get(name, "") for name in ("HOME", "TMPDIR", "UV_CACHE_DIR")} | {"cwd": os.getcwd()}
secret = pathlib.Path(seen["HOME"]).parents[2] / "secret"
try:
    seen["read"] = secret.read_text()
except OSError as error:
    seen["read"] = type(error).__name__
pathlib.Path("toysource.py").write_text("SEEN = " + json.dumps(seen))
setup(name="toysource", version="0.2", py_modules=["toysource"])
"""


def toy_wheel(folder: Path, package: str, source: str) -> Path:
    """`<package>-0.1-py3-none-any.whl` with one module of that name."""
    info = f"{package}-0.1.dist-info"
    files = {
        f"{package}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{name},{_digest(text)},{len(text.encode())}" for name, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""])
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{package}-0.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # of no time: the same files are the same wheel
    return wheel


def toy_source(folder: Path) -> Path:
    """A folder `toysource` that is built by running its `setup.py`: its module tells what that saw."""
    (folder / "toysource").mkdir(parents=True)
    (folder / "toysource" / "setup.py").write_text(SETUP)
    return folder / "toysource"


def _digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
