"""What is asked of masking and erasure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.client.requests.base import Listing, Request, given, path, post
from penstock.client.types import Json


def preview_masking(
    service: str, version: str, masking: Sequence[Mapping[str, str]] | None = None, *, limit: int = 10
) -> Request[Json]:
    """The newest recorded requests as rules (by default the version's) would leave them; nothing is stored.

    `masking`: such as `[{"column": "customer", "action": "hash"}]`.
    """
    body = {"limit": limit} if masking is None else {"limit": limit, "masking": list(masking)}
    return Request("POST", path("services", service, "versions", version, "masking-preview"), json=body)


def erase(
    service: str,
    *,
    client_request_ids: Sequence[str] | None = None,
    request_ids: Sequence[str] | None = None,
    column: str | None = None,
    values: Sequence[str] | None = None,
) -> Request[Json]:
    """Have rows removed from every table of a service, for good: by one of the ids, or by a column's values."""
    body = given(client_request_ids=client_request_ids, request_ids=request_ids, column=column, values=values)
    return post(path("services", service, "erasures"), body)


def erasures(service: str, *, page_size: int = 100) -> Listing[Json]:
    """Erasures that were ordered, newest first."""
    return Listing("GET", path("services", service, "erasures"), {"page_size": page_size})


def erasure(service: str, identity: str) -> Request[Json]:
    """One erasure with its receipt: rows of each table, files that held them, how many of those are gone."""
    return Request("GET", path("services", service, "erasures", identity))
