"""A client of Penstock's control and data planes.

Owns nothing but a connection. Every answer that is not 2xx raises `ApiError` with what the platform said; a platform
that cannot be reached raises `Unreachable`. Foreign exceptions do not get through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

Json = dict[str, Any]


class PenstockError(Exception):
    """What this client raises."""


class Unreachable(PenstockError):
    """Nobody answered, or not in time."""


class ApiError(PenstockError):
    """The platform refused: `status`, `error_code` and its message."""

    def __init__(self, status: int, error_code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code


class Client:
    """`Client("http://127.0.0.1:8000", token)`; use it as a context manager, or `close` it."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 30.0) -> None:
        self._http = httpx.Client(timeout=timeout_s)
        self._base = url.rstrip("/").removesuffix("/api/v1") + "/api/v1"
        self._token = token

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def service(self, name: str) -> Json:
        """One service with its versions."""
        return self._call("GET", f"/services/{quote(name)}")

    def create_service(self, service: Mapping[str, Any]) -> Json:
        """Create a service, with its first version where the body has one."""
        return self._call("POST", "/services", json=service)

    def start_service(self, name: str) -> Json:
        """Start every version of a service."""
        return self._call("POST", f"/services/{quote(name)}/start")

    def version(self, service: str, version: str) -> Json:
        """One version: its status, and the reason where it failed."""
        return self._call("GET", f"/services/{quote(service)}/versions/{quote(version)}")

    def keys(self, service: str) -> list[Json]:
        """The keys of a service, without their secrets."""
        return list(self._call("GET", f"/services/{quote(service)}/keys")["items"])

    def issue_key(self, service: str, name: str) -> str:
        """A new API key; it is shown this once."""
        return str(self._call("POST", f"/services/{quote(service)}/keys", json={"name": name})["key"])

    def revoke_key(self, service: str, key_id: str) -> None:
        """Make a key open nothing."""
        self._call("DELETE", f"/services/{quote(service)}/keys/{quote(key_id)}")

    def rows(self, table: str, **filters: str) -> list[Json]:
        """Rows of an inference table, newest first; `filters` such as `client_request_id`."""
        return list(self._call("GET", f"/inference-tables/{quote(table)}/rows", params=filters)["items"])

    def predict(
        self, url: str, key: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], request_id: str
    ) -> list[Any]:
        """Score rows at a service's URL, under a `client_request_id` of the caller's."""
        body = {
            "dataframe_split": {"columns": list(columns), "data": [list(row) for row in rows]},
            "client_request_id": request_id,
        }
        return list(self._send("POST", url, key, json=body)["predictions"])

    def _call(self, method: str, path: str, **options: Any) -> Json:
        return self._send(method, self._base + path, self._token, **options)

    def _send(self, method: str, url: str, token: str, **options: Any) -> Json:
        try:
            answer = self._http.request(method, url, headers={"Authorization": f"Bearer {token}"}, **options)
        except httpx.HTTPError as error:
            raise Unreachable(f"{url} does not answer: {error}") from None
        try:
            body = answer.json() if answer.content else {}
        except ValueError:
            body = {}
        if not answer.is_success:
            message = body.get("message") or f"{url} answered {answer.status_code}"
            raise ApiError(answer.status_code, body.get("error_code", "UNKNOWN"), message)
        found: Json = body
        return found
