"""A platform for tests that kill, freeze and cut off its processes, and a service on it.

All modules share it: to bring one up takes longer than most of the tests, and what one test has knocked about must
serve the next one as if nothing had been.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from platforms.running_platform import Platform
from platforms.served_model import ServedModel


@pytest.fixture(scope="session")
def platform(shared_platform: Platform) -> Platform:
    return shared_platform


@pytest.fixture(scope="session")
def _published(platform: Platform) -> ServedModel:
    return ServedModel.publish(platform, "wine", "wine_quality", replicas=2)


@pytest.fixture
def wine(_published: ServedModel) -> ServedModel:
    """A published model with two pods, both of them ready."""
    _published.wait_whole()
    return _published


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A killed server may leave a caller's socket to the garbage collector: that is no fault of what is tested."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"))
            item.add_marker(pytest.mark.filterwarnings("default::ResourceWarning"))
