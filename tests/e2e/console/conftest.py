"""A Chromium for the tests of the console, and a served model that they look at.

Playwright runs an event loop in the thread of the tests for as long as it is there: it ends with the last file of this
folder, so that the asynchronous tests of other folders can have theirs.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from browser import visit
from platforms.running_platform import Platform
from platforms.served_model import ServedModel


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with visit.browser() as started:
        yield started


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, platform: Platform) -> Iterator[visit.Visit]:
    """One page for all tests of a file: a new one would load and compile the whole console anew."""
    with visit.visit(chromium, platform) as opened:
        yield opened


@pytest.fixture
def opened(signed_in: visit.Visit) -> visit.Visit:
    """The page of this file, without what an earlier test has made it say."""
    signed_in.errors.clear()
    return signed_in


@pytest.fixture(scope="module")
def seen(platform: Platform) -> ServedModel:
    """A service that the pages show."""
    return ServedModel.publish(platform, "seen", "wine_quality")
