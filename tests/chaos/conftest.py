"""A platform for tests that kill, freeze and cut off its processes, and a service on it.

All modules share it: to bring one up takes longer than most of the tests, and what one test has knocked about must
serve the next one as if nothing had been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sklearn.datasets import load_wine

from mlflow_scripts import train
from running_platform import Platform
from served_model import ServedModel


@pytest.fixture(scope="session")
def wines_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with a column `quality`, from data that scikit-learn ships."""
    csv = tmp_path_factory.mktemp("wines") / "wines.csv"
    load_wine(as_frame=True).frame.rename(columns={"target": "quality"}).to_csv(csv, index=False)
    return csv


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes homes that share what is built for models, so that it is built once."""
    environments = tmp_path_factory.mktemp("environments")

    def make(name: str) -> Path:
        home = tmp_path_factory.mktemp(name)
        (home / "envs").symlink_to(environments)
        return home

    return make


@pytest.fixture(scope="session")
def platform(new_home: Callable[[str], Path], wines_csv: Path) -> Iterator[Platform]:
    """A platform that is up, with one registered model."""
    platform = Platform(new_home("home"))
    try:
        platform.up()
        train(platform.mlflow_url, wines_csv)
        yield platform
    finally:
        platform.down()


@pytest.fixture(scope="session")
def _published(platform: Platform) -> ServedModel:
    return ServedModel.publish(platform, "wine", "wine_quality", replicas=2)


@pytest.fixture
def wine(_published: ServedModel) -> ServedModel:
    """A published model with two pods, both of them ready."""
    _published.wait_whole()
    return _published
