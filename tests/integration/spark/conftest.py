"""One Spark for a module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spark_engine.local_spark import LocalSpark


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSpark]:
    with LocalSpark(tmp_path_factory.mktemp("spark")) as local:
        yield local
