"""Requests that need no token. Deny by default: whatever is not listed here wants one."""

from __future__ import annotations

SESSION_COOKIE = "penstock_session"
SESSION_PATH = "/api/v1/session"
OPEN_PATHS = frozenset(
    {
        "/healthz",
        "/readyz",
        "/api/v1/health",
        "/api/v1/openapi.json",
        f"{SESSION_PATH}/options",
        f"{SESSION_PATH}/oidc",
        f"{SESSION_PATH}/oidc/callback",
    }
)
"""They say nothing of anybody's services."""
OPEN_REQUESTS = frozenset({("POST", SESSION_PATH)})
"""Methods of other paths: who signs in has no session yet."""

REGISTRY_WEBHOOKS = "/api/v1/registry-webhooks/"
DOCS_PAGE = "/docs"
PAGES = frozenset({"/", DOCS_PAGE})
"""Paths that a browser may open without a token."""


def is_open(method: str, path: str) -> bool:
    """Whether a request needs no token."""
    return path in OPEN_PATHS or (method, path) in OPEN_REQUESTS or (method == "POST" and is_signed(path))


def is_signed(path: str) -> bool:
    """Whether what comes there shows by a signature who sent it."""
    return path.startswith(REGISTRY_WEBHOOKS) and "/" not in path.removeprefix(REGISTRY_WEBHOOKS)


def is_page(method: str, path: str, accept: str) -> bool:
    """Whether a browser asks for one of `PAGES`."""
    return method in ("GET", "HEAD") and path in PAGES and "text/html" in accept.lower()
