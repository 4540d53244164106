"""Where the console's built bundle lies: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def bundle() -> Path | None:
    """The folder that holds `index.html`, or None where no bundle has been built."""
    candidates = (_HERE / "dist", _HERE.parent / "dist")
    return next((folder for folder in candidates if (folder / "index.html").is_file()), None)
