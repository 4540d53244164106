"""A platform of its own for tests that kill its processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sklearn.datasets import load_wine

from mlflow_scripts import train
from running_platform import Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that is up, with one registered model."""
    csv = tmp_path_factory.mktemp("wines") / "wines.csv"
    load_wine(as_frame=True).frame.rename(columns={"target": "quality"}).to_csv(csv, index=False)
    platform = Platform(tmp_path_factory.mktemp("home"))
    try:
        platform.up()
        train(platform.mlflow_url, csv)
        yield platform
    finally:
        platform.down()
