"""A tracking server over REST whose registered models are folders: MLflow's own takes seconds to start and fill."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from servers.mlflow.odd_mlflow import OddMlflow, said

ARTIFACTS = "-artifacts/artifacts"
"""What `OddMlflow` leaves of the path of MLflow's proxy for artifacts."""


class FolderRegistry(OddMlflow):
    """`<folder>/<model>/<version>/…` is that version, with an MLmodel in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(self._answer)
        self._folder = folder

    def _answer(self, path: str, asked: Mapping[str, str]) -> tuple[int, bytes]:
        if path.startswith(ARTIFACTS):
            named = path.removeprefix(ARTIFACTS).strip("/")
            return self._listed(asked["path"]) if not named else (200, (self._folder / named).read_bytes())
        version = f"{asked['name']}/{asked['version']}"
        if not (self._folder / version / "MLmodel").exists():
            return said({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such version"}, 404)
        if path == "/model-versions/get-download-uri":
            return said({"artifact_uri": f"mlflow-artifacts:/{version}"})
        return said({"model_version": {**asked, "creation_timestamp": 1, "source": version}})

    def _listed(self, path: str) -> tuple[int, bytes]:
        found = [
            {"path": f"{path}/{each.name}", "is_dir": each.is_dir()} for each in sorted((self._folder / path).iterdir())
        ]
        return said({"files": found})
