"""The control plane on a port, where its answers are streams."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from running_services.door import Door
from running_services.running_controller import Controller


@pytest.fixture
async def door(controller: Controller) -> AsyncIterator[Door]:
    opened = Door(controller)
    await opened.open()
    yield opened
    await opened.close()
