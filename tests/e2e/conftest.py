"""One real platform and one registered model, for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlflow_scripts import train
from running_platform import Platform


@pytest.fixture(scope="module")
def platform(new_home: Callable[[str], Path], wines_csv: Path) -> Iterator[Platform]:
    """A platform that is up, with `wine_quality` versions 1 and 2 registered by a script that knows only MLflow."""
    platform = Platform(new_home("home"))
    try:
        platform.up()
        for alpha in (1.0, 50.0):
            train(platform.mlflow_url, wines_csv, alpha=alpha)
        yield platform
    finally:
        platform.down()
