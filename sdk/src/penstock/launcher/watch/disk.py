"""Whether the platform's disk can be written: tried, since free space says nothing of quotas and read-only mounts."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

ROOM_BYTES = 64 * 1024 * 1024
"""Less than this is no room for a server that is to start to store again."""
WHY = {errno.ENOSPC: "is full", errno.EDQUOT: "is full (quota)", errno.EROFS: "is mounted read-only"}


def disk_problem(folder: Path) -> str | None:
    """Why nothing can be written below `folder`, with the way out; None where it can."""
    probe = folder / f".disk-probe-{os.getpid()}"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, bytes(16 * 1024))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        why = WHY.get(error.errno or 0, f"cannot be written ({error.strerror})")
        return f"the disk of {folder} {why}: free space, then all goes on by itself"
    finally:
        with suppress(OSError):
            probe.unlink()
    return None


def has_room(folder: Path) -> bool:
    """Whether there is space for a while."""
    return shutil.disk_usage(folder).free >= ROOM_BYTES
