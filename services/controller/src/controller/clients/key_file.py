"""Keys that the controller makes for itself: 32 random bytes in a file that only its owner reads."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from pathlib import Path

from shared.errors import InvalidInput

KEY_BYTES = 32


def kept_key(file: Path) -> bytes:
    """The key in `file`, made where the file is missing. Raises `InvalidInput` where the file holds something else."""
    if file.exists():
        return key_of(file.read_text(), str(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(b64encode(os.urandom(KEY_BYTES)).decode() + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(fresh, file)  # unlike a rename it never replaces the key that another process has just made
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return key_of(file.read_text(), str(file))


def key_of(text: str, origin: str) -> bytes:
    """32 bytes from base64; `InvalidInput` names where the text comes from, never the text."""
    try:
        key = b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidInput(f"{origin} must hold {KEY_BYTES} bytes in base64")
    return key
