"""Where MLflow says that training data lie."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.domain.quality.training_data import TrainingSource, training_source


def dataset(kind: str, source: Any, context: str | None = None) -> dict[str, Any]:
    tags = [{"key": "mlflow.data.context", "value": context}] if context else []
    return {"dataset": {"name": "d", "source_type": kind, "source": json.dumps(source)}, "tags": tags}


def run(*inputs: dict[str, Any], tag: str | None = None) -> dict[str, Any]:
    tags = [{"key": "penstock.training_data", "value": tag}] if tag else []
    return {"data": {"tags": tags}, "inputs": {"dataset_inputs": list(inputs)}}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([dataset("local", {"uri": "/data/train.csv"})], TrainingSource("file:///data/train.csv")),
        ([dataset("s3", {"uri": "s3://lake/train.parquet"})], TrainingSource("s3://lake/train.parquet")),
        ([dataset("delta_table", {"path": "s3://lake/train"})], TrainingSource("s3://lake/train", is_table=True)),
        ([dataset("http", {"url": "https://example.com/a.csv"})], None),
        ([dataset("code", {"tags": {}})], None),
        ([{"dataset": {"source_type": "local", "source": "{"}}], None),
        (
            [
                dataset("local", {"uri": "/data/test.csv"}, "testing"),
                dataset("local", {"uri": "/data/train.csv"}, "training"),
            ],
            TrainingSource("file:///data/train.csv"),
        ),
        ([], None),
    ],
)
def test_datasets_of_the_run(inputs: list[dict[str, Any]], expected: TrainingSource | None) -> None:
    assert training_source({}, run(*inputs)) == expected


def test_tags_come_first() -> None:
    logged = dataset("local", {"uri": "/data/train.csv"})
    tagged = run(logged, tag="data/train.parquet")
    assert training_source({}, tagged) == TrainingSource(artifact="data/train.parquet")
    assert training_source({"penstock.training_data": "s3://lake/t"}, tagged) == TrainingSource(
        "s3://lake/t", is_table=True
    )
    assert training_source({}, {}) is None
