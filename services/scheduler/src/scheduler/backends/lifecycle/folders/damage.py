"""Files of a pod that cannot be read: kept under another name, and what ran by them is ended; the pod is replaced."""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from scheduler.backends.lifecycle.folders.json_files import read_json
from shared.filesystem.files import set_aside

log = logging.getLogger("penstock.scheduler.damage")


def read_or_set_aside(path: Path, required: Collection[str] = ()) -> dict[str, Any] | None:
    """The JSON object in `path`; None where there is none, or none with the keys that are `required`."""
    try:
        found: Any = read_json(str(path))
    except (ValueError, IsADirectoryError, PermissionError) as error:
        set_aside(path, str(error))
        return None
    if found is None or (isinstance(found, dict) and found.keys() >= set(required)):
        return found
    set_aside(path, f"it lacks {', '.join(sorted(required)) or 'an object'}")
    return None


def end_processes_below(folder: Path) -> int:
    """SIGKILL for every process that works in `folder`, by its working directory; how many there were.

    A process whose file is lost would otherwise run on beside the pod that takes its place.
    """
    root = folder.resolve()
    ended = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError, ValueError):
            if Path(process.cwd()).is_relative_to(root):
                process.kill()
                ended += 1
    if ended:
        log.warning("ended %d processes of %s, whose files cannot be read", ended, root)
    return ended
