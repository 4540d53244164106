"""Who we are to servers of users."""

from __future__ import annotations

import base64
from collections.abc import Mapping


def authorization(credentials: Mapping[str, str]) -> dict[str, str]:
    """The header: a token's, else a user's, else none."""
    if token := credentials.get("token"):
        return {"authorization": f"Bearer {token}"}
    if "username" in credentials and "password" in credentials:
        pair = f"{credentials['username']}:{credentials['password']}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}
