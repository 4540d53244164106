"""Which registered versions came of retrainings."""

from __future__ import annotations

from datetime import datetime

from controller.clients.mlflow import MlflowRegistry
from controller.domain.registries.models import at_milliseconds, tag_map

MOST_RUNS = 20
"""Newest versions whose MLflow run is asked for its tags: those without the tag themselves."""


async def versions_by_tag(registry: MlflowRegistry, model: str, tag: str, since: datetime) -> dict[str, str]:
    """Value of `tag` → the newest version, made since then, that has it, or whose MLflow run has it."""
    found: dict[str, str] = {}
    asked = 0
    for raw in await registry.raw_versions(model):  # newest first
        created = at_milliseconds(raw.get("creation_timestamp"))
        if created is not None and created < since:
            break
        if raw.get("status", "READY") != "READY":
            continue
        value = tag_map(raw.get("tags")).get(tag)
        if value is None and raw.get("run_id") and asked < MOST_RUNS:
            asked += 1
            value = (await registry.run_tags(str(raw["run_id"]))).get(tag)
        if value is not None:
            found.setdefault(value, str(raw["version"]))
    return found
