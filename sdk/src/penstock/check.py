"""What CI runs: the checks, one line each with its time, then the tests. Needs the development tools."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from penstock.launcher.home import LaunchError, checkout

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Check:
    """One command that must succeed."""

    name: str
    command: tuple[str, ...]


def checks(root: Path) -> list[Check]:
    """Every check, the slowest first."""
    python = sys.executable
    migrations = sorted(str(path.relative_to(root)) for path in root.glob("services/*/migrations"))
    return [
        Check("types", (str(BIN / "mypy"), *_sources(root))),
        Check("migrations", (python, "-m", "shared.migrations", "check", *migrations)),
        Check("layers", (str(BIN / "lint-imports"),)),
        Check("format", (str(BIN / "ruff"), "format", "--check", ".")),
        Check("lint", (str(BIN / "ruff"), "check", ".")),
        Check("event schemas", (python, "-m", "shared.events.schemas", "--check")),
        Check("settings", (python, "deploy/env_example.py", "--check")),
        Check("reference", (python, "deploy/reference.py", "--check")),
        Check("openapi", (python, "deploy/openapi.py", "--check")),
        Check("manifests", (python, "deploy/manifests.py", "--check")),
        Check("console", (python, "deploy/console.py", "--check")),
        Check("structure", (python, "deploy/structure.py", "--check")),
    ]


def _sources(root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in (*sorted(root.glob("services/*/src")), *_others(root))]


def _others(root: Path) -> list[Path]:
    names = ("shared/src", "runtime/src", "sdk/src", "spark/src", "deploy", "benchmarks", "tests")
    return [root / name for name in names]


def run_checks() -> int:
    """Run all of them, two at a time; 0 if every one succeeds."""
    root = _root()
    with ThreadPoolExecutor(max_workers=2) as pool:
        return max(pool.map(lambda check: _run(check, root), checks(root)), default=0)


def _run(check: Check, root: Path) -> int:
    started = time.monotonic()
    done = subprocess.run(check.command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    verdict = "ok" if done.returncode == 0 else "FAILED"
    output = "" if done.returncode == 0 else f"\n{done.stdout}{done.stderr}".rstrip()
    print(f"{check.name:<14} {verdict:<7} {time.monotonic() - started:5.1f} s{output}", flush=True)
    return int(done.returncode != 0)


def run_tests(arguments: list[str]) -> int:
    """All tests, or those that `arguments` name; what needs an engine or a cluster skips itself, with the reason."""
    root = _root()
    command = [sys.executable, str(root / "tests/support/run_tests.py"), *arguments]
    with subprocess.Popen(command, cwd=root) as process:  # noqa: S603
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the run hears of it too, ends, and reports
                continue


def _root() -> Path:
    root = checkout()
    if root is None or not (BIN / "pytest").exists():
        raise LaunchError("`test` and `check` run in a checkout, through ./penstock")
    return root
