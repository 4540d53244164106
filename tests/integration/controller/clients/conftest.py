"""A controller on a real socket, and the command line that calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from platforms.command_line import CommandLine
from running_services.door import Door


@pytest.fixture
def url(door: Door) -> str:
    return door.url


@pytest.fixture
def cli(url: str, tmp_path: Path) -> CommandLine:
    return CommandLine(url, tmp_path / "config")
