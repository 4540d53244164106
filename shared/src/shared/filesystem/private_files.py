"""Small files that only their owner reads: made once, whole or not at all, and never replaced."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from shared.errors import Unavailable

KEY_BYTES = 32


def read_or_create_secret_file(file: Path, make: Callable[[], str]) -> str:
    """What `file` holds; written by `make` (mode 0600, on disk when this returns) where it is missing."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(make() + "\n")
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):  # unlike a rename, a link never replaces what another process has just made
            os.link(fresh, file)
        fresh.unlink()
    try:
        kept = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise Unavailable(f"{file} cannot be read ({reason}): restore it from a backup, or move it away") from error
    if not kept:
        raise Unavailable(f"{file} is empty: restore it from a backup, or remove it")
    return kept


def read_or_create_key_file(file: Path) -> bytes:
    """The 32 bytes whose hexadecimal digits `file` holds; random ones where it is missing."""
    try:
        key = bytes.fromhex(read_or_create_secret_file(file, lambda: os.urandom(KEY_BYTES).hex()))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Unavailable(f"{file} does not hold a key of {KEY_BYTES} bytes: restore it from a backup")
    return key
