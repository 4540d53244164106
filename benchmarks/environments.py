"""The peers' virtual environments: built with uv, kept in the cache, made anew when their requirements change."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.children import BenchmarkFailed

PEERS = Path(__file__).parent / "peers"
_SAME = ("mlflow", "scikit-learn", "numpy")
"""Of the project's own versions, so that every server computes with the same libraries."""
_BUILD_WITHIN_S = 1_800


def build(peer: str, cache: Path) -> Path:
    """The peer's interpreter; Failed, with the reason, where its environment cannot be built."""
    folder = cache / "peers" / peer
    requirements = PEERS / f"{peer}.txt"
    constraints = "".join(f"{name}=={version(name)}\n" for name in _SAME)
    wanted = hashlib.sha256(requirements.read_bytes() + constraints.encode()).hexdigest()
    mark = folder / "complete"
    python = folder / "bin" / "python"
    if mark.exists() and mark.read_text() == wanted and python.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    held = cache / "peers" / f"{peer}.constraints.txt"
    held.write_text(constraints)
    _uv("venv", "--python", f"{sys.version_info.major}.{sys.version_info.minor}", str(folder))
    _uv("pip", "install", "--python", str(python), "-r", str(requirements), "-c", str(held))
    mark.write_text(wanted)
    return python


def installed(python: Path, package: str) -> str:
    """Version of a package in an environment; empty where it is not there."""
    code = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
    done = subprocess.run([python, "-c", code, package], capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip()


def _uv(*arguments: str) -> None:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise BenchmarkFailed("uv is missing")
    try:
        done = subprocess.run(  # noqa: S603
            [uv, "--quiet", *arguments], capture_output=True, text=True, check=False, timeout=_BUILD_WITHIN_S
        )
    except subprocess.TimeoutExpired:
        raise BenchmarkFailed(f"uv {arguments[0]} did not end within {_BUILD_WITHIN_S} s") from None
    if done.returncode:
        raise BenchmarkFailed(f"uv {' '.join(arguments[:2])}: {done.stderr.strip()[-400:]}")
