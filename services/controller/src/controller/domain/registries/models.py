"""Registered models, as a form or a debug page needs them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.deployment import ImageSource
from shared.contracts.rpc.scheduler import EnvironmentOutlook


class ResolvedModel(BaseModel):
    """A model version that a source names, and where it comes from."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: str
    run_id: str | None = None
    model_id: str | None = Field(default=None, description="MLflow 3's id of the logged model.")
    digest: str | None = Field(default=None, description="`sha256:` and the hash of the model's `MLmodel` file.")
    signature: dict[str, Any] | None = Field(default=None, description="`inputs` and `outputs`, as MLflow has them.")


ResolvedSource = ResolvedModel | ImageSource
"""What a version is made from, once nothing of it is open: its alias, and whether there is such a model."""


class ModelVersion(BaseModel):
    """One version in the registry, with what its `MLmodel` file says of its inputs."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    status: str = "READY"
    description: str = ""
    aliases: tuple[str, ...] = ()
    run_id: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    created_at: datetime | None = None
    signature: dict[str, Any] | None = Field(
        default=None, description="`inputs`, `outputs`, `params`, as MLflow has them."
    )
    input_example: Any = Field(default=None, description="A request that the model accepts at `/predict`.")
    flavors: tuple[str, ...] = ()
    model_id: str | None = Field(default=None, description="MLflow 3's id of the logged model.")
    digest: str | None = Field(default=None, description="`sha256:` and the hash of the version's `MLmodel` file.")
    requirements: tuple[str, ...] | None = Field(
        default=None, description="Lines of the version's `requirements.txt`; null where it has none."
    )
    environment: EnvironmentOutlook | None = Field(
        default=None,
        description="Whether the platform's own environment satisfies it, or one is built at its first start; null "
        "where the scheduler does not answer.",
    )


class RegisteredModel(BaseModel):
    """A model; signature and example are those of its latest version."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str = ""
    tags: dict[str, str] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict, description="Alias → version.")
    versions: tuple[str, ...] = Field(default=(), description="Newest first.")
    latest_version: str | None = None
    signature: dict[str, Any] | None = None
    input_example: Any = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


def at_milliseconds(value: int | str | None) -> datetime | None:
    """MLflow's milliseconds since 1970 (a number, or digits) as a UTC time."""
    return None if value is None else datetime.fromtimestamp(int(value) / 1000, UTC)


def tag_map(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """MLflow's list of `{key, value}` as a mapping."""
    return {tag["key"]: tag.get("value", "") for tag in tags or ()}


def alias_map(aliases: list[dict[str, str]] | None) -> dict[str, str]:
    """MLflow's list of `{alias, version}` as a mapping."""
    return {entry["alias"]: str(entry["version"]) for entry in aliases or ()}
