"""One real platform and one registered model, for all end-to-end tests: to bring one up takes longer than most of them.

What the tests of a module published is gone before those of the next one begin: two cores have room for a few pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlflow_scripts import train
from running_platform import Platform, until


@pytest.fixture(scope="session")
def _platform(new_home: Callable[[str], Path], wines_csv: Path) -> Iterator[Platform]:
    """A platform that is up, with `wine_quality` versions 1 and 2 registered by a script that knows only MLflow."""
    platform = Platform(new_home("home"))
    try:
        platform.up()
        for alpha in (1.0, 50.0):
            train(platform.mlflow_url, wines_csv, alpha=alpha)
        yield platform
    finally:
        platform.down()


@pytest.fixture(scope="module")
def platform(_platform: Platform) -> Iterator[Platform]:
    """The platform, with nothing published on it."""
    yield _platform
    empty(_platform)


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
