"""httpx without its command line, which imports rich and Pygments and is more than half of httpx' own import."""

from __future__ import annotations

from shared.imports import absent

with absent("pygments"):
    import httpx  # noqa: F401
