"""Where the data lie that a model was trained on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.chunks import ChunkStream


class TrainingDataQuery(Contract):
    """Of the model of one version of a service."""

    service: str
    version: str


class TrainingData(Contract):
    """What MLflow knows of them. `none`: nothing that could be read, `reason` says why.

    `artifact`: a file, fetched by `chunks`; its name says its format. `place`: `location` is a path of this machine, or
    `s3://…`.
    """

    kind: Literal["none", "artifact", "place"]
    source: str = Field(default="", description="In words, for people.")
    reason: str | None = None
    name: str | None = Field(default=None, description="Of the file.")
    chunks: ChunkStream | None = None
    location: str | None = None
    root: str | None = Field(default=None, description="The folder that a path must not lead out of.")
    is_table: bool = Field(default=False, description="A Delta table, and no file.")
