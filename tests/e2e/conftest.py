"""One real platform and one registered model, for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.datasets import load_wine

from mlflow_scripts import train
from running_platform import Platform


@pytest.fixture(scope="session")
def wines_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with a column `quality`, from data that scikit-learn ships."""
    frame = load_wine(as_frame=True).frame.rename(columns={"target": "quality"})
    path = tmp_path_factory.mktemp("wines") / "wines.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, wines_csv: Path) -> Iterator[Platform]:
    """A platform that is up, with `wine_quality` versions 1 and 2 registered by a script that knows only MLflow."""
    platform = Platform(tmp_path_factory.mktemp("home"))
    try:
        platform.up()
        for alpha in (1.0, 50.0):
            train(platform.mlflow_url, wines_csv, alpha=alpha)
        yield platform
    finally:
        platform.down()
