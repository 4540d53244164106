"""A tracking server that a user named: over a transport that connects only to addresses that may be connected to.

The name is resolved once per request, every address is checked, and one of those is connected to. Redirects are not
followed and no proxy of the environment is used.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import httpx

from scheduler.backends.models.rest_registry import RestRegistry
from shared.contracts.rpc.controller import RegistryAccess
from shared.security.addresses import AddressRule


def guarded_registry(described: Mapping[str, Any]) -> RestRegistry:
    """A client for a `RegistryAccess`; it has its credentials from there alone."""
    access = RegistryAccess.model_validate(described)
    credentials = {
        "MLFLOW_TRACKING_USERNAME": access.username,
        "MLFLOW_TRACKING_PASSWORD": access.password,
        "MLFLOW_TRACKING_TOKEN": access.token,
    }
    known = {name: value for name, value in credentials.items() if value is not None}
    return RestRegistry(access.url, known, PinnedRegistryTransport(AddressRule.of(access.allowed)))


class PinnedRegistryTransport(httpx.BaseTransport):
    """Connects to addresses that `rule` allows; raises `InvalidInput` for others."""

    def __init__(self, rule: AddressRule) -> None:
        self._rule = rule
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it to the first address of its host that takes a connection."""
        host = request.url.raw_host.decode().strip("[]")
        addresses = _resolved(host)
        self._rule.check(host, addresses)
        for address in addresses[:-1]:
            try:
                return self._send(request, host, address)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return self._send(request, host, addresses[-1])

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _send(self, request: httpx.Request, host: str, address: str) -> httpx.Response:
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # the `Host` in them is the name
            stream=request.stream,
            extensions=request.extensions | {"sni_hostname": host},
        )
        return self._inner.handle_request(pinned)


def _resolved(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        raise httpx.ConnectError(f"{host} has no address") from failure
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
