"""Where a model's training data lie, by what MLflow says of its version and its run. No I/O.

Asked in this order: the tag `penstock.training_data` of the version or of its run (a URI, or the path of an artifact of
the run), then the datasets that were logged as inputs of the run, those of the context `training` first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.domain.registries.models import tag_map

TAG = "penstock.training_data"
CONTEXT, TRAINING = "mlflow.data.context", "training"
FILES = (".parquet", ".csv", ".csv.gz", ".tsv")


@dataclass(frozen=True)
class TrainingSource:
    """A place (`file:///…`, `s3://…`), or an artifact of the run."""

    place: str | None = None
    artifact: str | None = None
    is_table: bool = False

    @property
    def text(self) -> str:
        """In words."""
        return f"artifact {self.artifact}" if self.place is None else self.place


def training_source(version_tags: Mapping[str, str], run: Mapping[str, Any]) -> TrainingSource | None:
    """Where they lie; None: MLflow does not know, or where nothing of ours can read."""
    tagged = version_tags.get(TAG) or tag_map(run.get("data", {}).get("tags")).get(TAG)
    if tagged:
        return _of_text(tagged)
    return next(_of_inputs(run.get("inputs", {}).get("dataset_inputs") or ()), None)


def _of_text(text: str) -> TrainingSource:
    if "://" in text:
        return TrainingSource(place=text, is_table=not text.endswith(FILES))
    return TrainingSource(artifact=text.strip("/"))


def _of_inputs(inputs: Sequence[Mapping[str, Any]]) -> Iterator[TrainingSource]:
    def is_other(found: Mapping[str, Any]) -> bool:
        return tag_map(found.get("tags")).get(CONTEXT) != TRAINING

    for found in sorted(inputs, key=is_other):
        dataset = found.get("dataset") or {}
        place = _place(dataset.get("source_type"), _source(dataset.get("source")))
        if place is not None:
            yield TrainingSource(place=place, is_table=not place.endswith(FILES))


def _source(text: object) -> Mapping[str, Any]:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _place(kind: object, source: Mapping[str, Any]) -> str | None:
    where = source.get("path") if kind == "delta_table" else source.get("uri")
    if not isinstance(where, str) or not where:
        return None
    if where.startswith("/"):
        return f"file://{where}"
    return where if where.startswith(("file://", "s3://")) else None
