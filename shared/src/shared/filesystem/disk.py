"""Whether a service's disk can be written: tried now and then, since free space says nothing of quotas."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from shared.clock import Clock

CHECK_INTERVAL_S = 5.0
PROBE_BYTES = 16 * 1024
DISK_FULL = "the platform's disk is full: free space, then all goes on by itself"
_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT)


def write_problem(folder: Path) -> str | None:
    """Why nothing can be written in `folder`; None where it can. For callers: names no path."""
    probe = folder / f".disk-probe-{os.getpid()}"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, bytes(PROBE_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None  # a service that keeps nothing here has not made the folder
    except OSError as error:
        return DISK_FULL if error.errno in _FULL_ERRNOS else f"the platform's disk cannot be written: {error.strerror}"
    finally:
        with suppress(OSError):
            probe.unlink()
    return None


@dataclass
class DiskCheck:
    """`problem()`, tried every CHECK_INTERVAL_S at most: readiness is asked for every second."""

    folder: Path
    clock: Clock
    _checked_at: float | None = field(default=None, init=False)
    _problem: str | None = field(default=None, init=False)

    def problem(self) -> str | None:
        """Why the service cannot write; None where it can."""
        now = self.clock.monotonic()
        if self._checked_at is None or now - self._checked_at >= CHECK_INTERVAL_S:
            self._checked_at, self._problem = now, write_problem(self.folder)
        return self._problem

    def details(self) -> dict[str, str]:
        """For `/readyz`."""
        return {"problem": found} if (found := self.problem()) else {}
