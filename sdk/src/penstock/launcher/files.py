"""Files of the home: written whole or not at all; one that cannot be used is kept under another name, and named."""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path
from typing import Any

log = logging.getLogger("penstock.launcher")

UNUSABLE = (ValueError, IsADirectoryError, NotADirectoryError, PermissionError)
"""What reading a damaged file raises; a full disk or a failing one is not the file's fault."""


def set_aside(path: Path, reason: str) -> Path:
    """Rename a file or folder that cannot be used to `<name>.damaged-<time>`, and say so; returns the new name."""
    stem = f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    names = (path.with_name(stem if not number else f"{stem}-{number}") for number in range(10_000))
    kept = next(name for name in names if not name.exists())
    path.rename(kept)
    log.warning("penstock: %s cannot be used (%s); it is kept as %s", path, reason, kept.name)
    return kept


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in `path`; None where there is none. A file that holds anything else is set aside."""
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except UNUSABLE as error:
        set_aside(path, str(error))
        return None
    if isinstance(found, dict):
        return found
    set_aside(path, "it holds no JSON object")
    return None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    if path.is_dir():
        set_aside(path, "it is a folder")
    partial.replace(path)
