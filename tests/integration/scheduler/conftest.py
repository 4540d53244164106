"""Fixtures of the scheduler's integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.backends.reap import reap_all


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose pods are ended after the test."""
    yield tmp_path
    reap_all(tmp_path, grace_s=0.2)
