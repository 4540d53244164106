"""A server in the vendors' place, and what a trigger is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from servers.vendor_server import VendorServer, vendor_server


@pytest.fixture
async def vendor() -> AsyncIterator[VendorServer]:
    """Answers as a test says."""
    async with vendor_server() as server:
        yield server
