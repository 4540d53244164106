"""Nothing is published on the shared platform when the tests of a module begin: two cores have room for a few pods."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from platforms.running_platform import Platform, until


@pytest.fixture(scope="module")
def platform(shared_platform: Platform) -> Iterator[Platform]:
    """The platform, with nothing published on it."""
    empty(shared_platform)
    yield shared_platform
    empty(shared_platform)


def empty(platform: Platform) -> None:
    """Take away every service and every resource group."""
    services = [f"/services/{each['name']}" for each in platform.api("GET", "/services")["items"]]
    for service in services:
        if platform.api("GET", service)["status"] not in {"draft", "stopped"}:
            platform.api("POST", f"{service}/stop")
    for service in services:
        until(lambda path=service: ended(platform, path), within=60, what=f"{service} stopped")  # type: ignore[misc]
        platform.api("DELETE", service)
    for group in platform.api("GET", "/resource-groups")["items"]:
        nodes = f"/resource-groups/{group['name']}/nodes"
        for node in platform.api("GET", nodes)["items"]:
            platform.api("POST", f"{nodes}/{node['name']}/release")
        until(lambda path=nodes: not platform.api("GET", path)["items"], within=60, what="its nodes gone")  # type: ignore[misc]
        platform.api("DELETE", f"/resource-groups/{group['name']}")


def ended(platform: Platform, service: str) -> bool:
    """Whether a service can be deleted."""
    return platform.api("GET", service)["status"] in {"draft", "stopped"}
