"""One Chromium for all tests of the console, and one served model that they look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from browser import visit
from platforms.running_platform import Platform
from platforms.served_model import ServedModel


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with visit.browser() as started:
        yield started


@pytest.fixture(scope="module")
def seen(platform: Platform) -> ServedModel:
    """A service that the pages show."""
    return ServedModel.publish(platform, "seen", "wine_quality")
