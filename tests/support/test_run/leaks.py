"""What a run left behind on the machine: processes (their guards wrote them down), folders, shared memory."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from test_run.processes import read_process

SHARED_MEMORY = Path("/dev/shm")
TOOLS_OF_TESTS = frozenset(
    {".hypothesis", ".pytest_cache", ".penstock-tests", "__pycache__", ".schemathesis", ".venv-spark"}
)
"""What the tests' tools keep in a checkout."""
FILES_OF_LIBRARIES = frozenset({".ses"})
"""What libraries leave in the temporary folder whatever is done: ONNX Runtime its session file."""


@dataclass(frozen=True)
class Snapshot:
    """What is there: entries of a checkout, homes of platforms beside it, segments of shared memory."""

    checkout: frozenset[str]
    user: frozenset[str]
    shared_memory: frozenset[str]

    @classmethod
    def take(cls, root: Path) -> Snapshot:
        """Names of now."""
        user = {name for name in _names(Path.home()) if name.startswith((".penstock", "penstock", "mlruns"))}
        return cls(_names(root), frozenset(user), _names(SHARED_MEMORY))


class TemporaryFolder:
    """The temporary folder of one run alone: what lies in it at the end was made by the run."""

    PREFIX = "pt-"
    KEPT_RUNS = 3

    def __init__(self) -> None:
        self._outer = Path(tempfile.gettempdir())
        self.path = Path(tempfile.mkdtemp(prefix=self.PREFIX, dir=self._outer))  # short: sockets lie deep in it
        self.path.chmod(0o1777)  # PostgreSQL runs as another user
        ports = f"penstock-ports-{os.getuid()}"  # platforms of the whole machine agree there on ports
        (self._outer / ports).mkdir(mode=0o700, exist_ok=True)
        (self.path / ports).symlink_to(self._outer / ports)
        self.records = self.path / "run"
        self.records.mkdir()
        (self.records / "pid").write_text(str(os.getpid()))
        self._ours = {ports, self.records.name}

    def base(self, part: str) -> Path:
        """Where the tests of one part have their folders (`--basetemp`)."""
        self._ours.add(part)
        return self.path / part

    def left_behind(self) -> list[str]:
        """What tests and what they tested did not remove; pytest's own folders aside."""
        return sorted(_names(self.path) - self._ours - FILES_OF_LIBRARIES)

    def close(self, *, keep: bool) -> None:
        """Remove it; `keep` it where a failure is to be looked into, as one of the last three."""
        (self.records / "pid").unlink()
        if not keep:
            shutil.rmtree(self.path, ignore_errors=True)
        over = [path for path in self._outer.glob(f"{self.PREFIX}*/run") if _is_over(path)]
        for old in sorted(over, key=lambda path: path.stat().st_mtime)[: -self.KEPT_RUNS]:
            shutil.rmtree(old.parent, ignore_errors=True)


def _is_over(records: Path) -> bool:
    """Whether a run of this user has ended, or was killed."""
    try:
        return records.stat().st_uid == os.getuid() and read_process(int((records / "pid").read_text())) is None
    except FileNotFoundError:
        return records.exists()
    except ValueError:
        return False


def new_entries(before: Snapshot, after: Snapshot, root: Path) -> list[str]:
    """What is there now and was not before, and that no living process still uses."""
    mapped = _mapped_shared_memory()
    made = [root / name for name in after.checkout - before.checkout - TOOLS_OF_TESTS]
    made += [Path.home() / name for name in after.user - before.user]
    made += [SHARED_MEMORY / name for name in after.shared_memory - before.shared_memory - mapped]
    return sorted(map(str, made))


def process_lines(survivors: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line for each process that was left, with the test that started it and the ports it listened on."""
    return [
        f"process {each['pid']}"
        + (f", port {', '.join(map(str, each['ports']))}" if each["ports"] else "")
        + f": {each['command']} (started by {each['test'] or 'an unknown test, in ' + each['folder']})"
        for each in survivors
    ]


def _names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return frozenset()


def _mapped_shared_memory() -> frozenset[str]:
    """Segments that a living process of anybody has mapped: another run's, perhaps."""
    found: set[str] = set()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            lines = maps.read_text().splitlines()
        except OSError:
            continue
        found |= {line.partition("/dev/shm/")[2].partition("/")[0] for line in lines if "/dev/shm/" in line}
    return frozenset(found)
