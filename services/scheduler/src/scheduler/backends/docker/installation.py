"""The id by whose label containers and networks are known for one home's, and the engine that they are of."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE = ".engine"
"""Among the pods: two lines, the id and the engine's address."""


def installation_of(pods: Path, address: str) -> str:
    """The id of the home of these pods, made where there is none; the address is written down with it."""
    pods.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = read_installation(pods)
    identity = known[0] if known else secrets.token_hex(6)
    if known != (identity, address):
        aside = pods / f"{FILE}.{os.getpid()}"
        aside.write_text(f"{identity}\n{address}\n")
        aside.replace(pods / FILE)
    return identity


def read_installation(pods: Path) -> tuple[str, str] | None:
    """Id and address; None where no engine was ever used here, or the file is damaged."""
    try:
        identity, address = (pods / FILE).read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return (identity, address) if identity.isalnum() and identity.isascii() else None
