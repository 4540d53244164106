"""A client of Penstock's control plane: `Client`, `AsyncClient`, the shapes of answers, the tree of errors.

`requests` says what can be asked, `clients` how it is sent; foreign exceptions do not get through.
"""

from penstock.client.clients import AsyncClient, Client
from penstock.client.errors import (
    ApiError,
    Conflict,
    InvalidRequest,
    LimitExceeded,
    NotFound,
    PenstockError,
    PermissionDenied,
    ServerError,
    TimedOut,
    Unauthenticated,
    Unreachable,
)

__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "Conflict",
    "InvalidRequest",
    "LimitExceeded",
    "NotFound",
    "PenstockError",
    "PermissionDenied",
    "ServerError",
    "TimedOut",
    "Unauthenticated",
    "Unreachable",
]
