"""Paths that need no token. Deny by default: whatever is not listed here wants one."""

from __future__ import annotations

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/api/v1/health", "/api/v1/openapi.json"})
"""They say nothing of anybody's services."""

DOCS_PAGE = "/docs"
PAGES = frozenset({"/", DOCS_PAGE})
"""Paths that a browser may open without a token."""


def is_page(method: str, path: str, accept: str) -> bool:
    """Whether a browser asks for one of `PAGES`."""
    return method in ("GET", "HEAD") and path in PAGES and "text/html" in accept.lower()
