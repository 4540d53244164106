"""What is asked of masking and erasure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.client.requests import Request, path
from penstock.client.types import Json


def preview_masking(
    service: str, version: str, masking: Sequence[Mapping[str, str]] | None = None, *, limit: int = 10
) -> Request[Json]:
    """The newest recorded requests as rules (by default the version's) would leave them; nothing is stored.

    `masking`: such as `[{"column": "customer", "action": "hash"}]`.
    """
    body = {"limit": limit} if masking is None else {"limit": limit, "masking": list(masking)}
    return Request("POST", path("services", service, "versions", version, "masking-preview"), json=body)
