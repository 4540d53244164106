"""Committed files that a script generates: written by the script, compared by `./penstock check`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def write_or_compare(target: Path, render: Callable[[], str], arguments: Sequence[str], hint: str) -> int:
    """Write `render()` to `target`, or compare it where `arguments` have `--check`; returns the exit status.

    `hint` goes to stderr where they differ: what differs, and the command that writes it.
    """
    if "--check" not in arguments:
        target.write_text(render())
        return 0
    if target.exists() and target.read_text() == render():
        return 0
    print(hint, file=sys.stderr)
    return 1
