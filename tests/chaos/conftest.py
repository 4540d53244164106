"""A platform of its own for tests that kill its processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.datasets import load_wine

from running_platform import ROOT, Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that is up, with one registered model."""
    csv = tmp_path_factory.mktemp("wines") / "wines.csv"
    load_wine(as_frame=True).frame.rename(columns={"target": "quality"}).to_csv(csv, index=False)
    platform = Platform(tmp_path_factory.mktemp("home"))
    try:
        platform.up()
        train = [sys.executable, str(ROOT / "docs/examples/train_wine.py"), platform.mlflow_url, str(csv)]
        subprocess.run(train, check=True, capture_output=True)
        yield platform
    finally:
        platform.down()


@pytest.fixture
def home(platform: Platform) -> Path:
    return platform.home
