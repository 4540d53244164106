"""JSON files that a reader sees whole or not at all. The shim, which imports nothing of this package, has the same."""

from __future__ import annotations

import json
import os
from typing import Any


def write_json(path: str, content: dict[str, Any]) -> None:
    """Write aside, sync, rename."""
    aside = f"{path}.{os.getpid()}"
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def read_json(path: str) -> dict[str, Any] | None:
    """The file's content; None where there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            content: dict[str, Any] = json.load(file)
            return content
    except FileNotFoundError:
        return None
