"""A Chromium for the tests of the console, and a served model that they look at.

Playwright runs an event loop in the thread of the tests for as long as it is there: each file ends it, so that the
asynchronous tests of other files can have theirs.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from browser import visit
from platforms.running_platform import Platform
from platforms.served_model import ServedModel


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with visit.browser() as started:
        yield started


@pytest.fixture(scope="module")
def seen(platform: Platform) -> ServedModel:
    """A service that the pages show."""
    return ServedModel.publish(platform, "seen", "wine_quality")
