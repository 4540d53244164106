"""Models on this machine: `<home>/models/<digest>`, read-only, fetched once however many pods want it.

Which digest a version runs is written down at its first start (`<home>/models/versions/<version id>-<template>`): its
other pods and its restarts run the same bytes, with the registry away too.

Credentials of another tracking server are asked for whenever one of its models is fetched, and handed to the fetching
child through its standard input: they are in no file, no environment and no log.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scheduler.backends.child_process import child_environment, run_child
from scheduler.backends.confinement.availability import UNCONFINED, Confinement
from scheduler.backends.confinement.rules import confined_command
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.models.fetch import NOT_FOUND, TOO_LARGE, UNAVAILABLE
from scheduler.backends.models.limits import ModelLimits
from scheduler.domain.rollout import configuration_of
from shared.contracts.deployment import Deployment, MlflowSource
from shared.contracts.rpc.controller import RegistryAccess
from shared.errors import PenstockError, Temporary

FETCH_LIMIT_S = 1800.0
CREDENTIALS = ("MLFLOW_", "AWS_", "AZURE_", "GOOGLE_", "DATABRICKS_", "COS_", "BOTO_")
"""Prefixes of what the fetching child, and no other process, gets to reach the registry and its artifact store."""


RegistryAccessLookup = Callable[[str], Awaitable[RegistryAccess]]
"""Asks how a registry that a secret describes is reached; raises what the controller raises."""


class ModelCache:
    """Fetches models by child processes and keeps them by digest."""

    def __init__(
        self,
        folder: Path,
        tracking_uri: str,
        environ: Mapping[str, str],
        access: RegistryAccessLookup,
        confinement: Confinement = UNCONFINED,
        *,
        limits: ModelLimits | None = None,
    ) -> None:
        self.folder = folder
        self.confinement = confinement
        self.limits = limits or ModelLimits()
        self.tracking_uri = tracking_uri
        self.environment = child_environment(environ, CREDENTIALS)
        self._access = access
        self._locks: dict[tuple[str | None, str, str], asyncio.Lock] = {}

    def cached(self, deployment: Deployment, template: str) -> Path | None:
        """The model of a version that has been fetched before."""
        try:
            digest = self._digest_file(deployment, template).read_text(errors="replace")
        except OSError:
            return None
        path = self.folder / digest
        return path if path.is_dir() else None

    async def fetch(self, deployment: Deployment, template: str) -> Path:
        """Folder of the version's model; fetched where it is not there.

        Raises:
            RegistryUnavailable: MLflow or the artifact store does not answer.
            PreparationFailed: the model does not exist, or cannot be had.
        """
        source = _model_of(deployment)
        async with self._locks.setdefault((source.registry, source.model, source.version), asyncio.Lock()):
            if path := self.cached(deployment, template):
                return path
            digest = await self._run_fetch(deployment)
            known = self._digest_file(deployment, template)
            known.parent.mkdir(parents=True, exist_ok=True)
            aside = known.with_name(f".{known.name}.{os.getpid()}")
            aside.write_text(digest)
            aside.replace(known)
            return self.folder / digest

    async def access_to(self, registry: str) -> RegistryAccess:
        """How another tracking server is reached. Raises `RegistryUnavailable`, `PreparationFailed`."""
        try:
            return await self._access(registry)
        except Temporary as away:
            raise RegistryUnavailable(f"how to reach registry {registry} cannot be asked: {away}") from away
        except PenstockError as error:
            raise PreparationFailed("RegistryUnusable", f"registry {registry}: {error}", is_permanent=True) from error

    def confined(self, child: list[str], *, is_ours: bool) -> list[str]:
        """Under rules: an artifact's address may name any folder of this machine, the platform's home too."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if (rules := self.confinement.rules) is None:
            return child
        return confined_command(rules.for_download(self.folder.resolve(), is_ours=is_ours), child)

    def _digest_file(self, deployment: Deployment, template: str) -> Path:
        return self.folder / "versions" / f"{deployment.version_id}-{configuration_of(template)}"

    async def _run_fetch(self, deployment: Deployment) -> str:
        source = _model_of(deployment)
        request: dict[str, Any] = {
            "tracking_uri": source.tracking_uri or self.tracking_uri,
            "model": source.model,
            "version": source.version,
            "models": str(self.folder.resolve()),
            "limits": asdict(self.limits),
        }
        environment = self.environment
        if source.registry is not None:
            request["registry"] = source.registry
            request["access"] = (await self.access_to(source.registry)).model_dump()
            environment = child_environment(environment, ())
        child = self.confined(
            [sys.executable, "-m", "scheduler.backends.models.fetch"], is_ours=source.registry is None
        )
        environment = environment | {"TMPDIR": request["models"]}
        ended = await run_child(child, environment, stdin=json.dumps(request).encode(), limit_s=FETCH_LIMIT_S)
        try:
            answer = json.loads(ended.stdout.splitlines()[-1])
        except (IndexError, ValueError) as error:
            raise PreparationFailed("FetchFailed", f"fetching ended with exit code {ended.code}") from error
        if "digest" in answer:
            return str(answer["digest"])
        if answer["error"] == UNAVAILABLE:
            raise RegistryUnavailable(answer["message"])
        if answer["error"] == NOT_FOUND:
            raise PreparationFailed("ModelNotFound", answer["message"], is_permanent=True)
        if answer["error"] == TOO_LARGE:
            raise PreparationFailed("ModelTooLarge", answer["message"], is_permanent=True)
        raise PreparationFailed("FetchFailed", answer["message"])


def _model_of(deployment: Deployment) -> MlflowSource:
    if (source := deployment.mlflow_source()) is None:
        raise PreparationFailed("NotAModel", "an image has no model to fetch", is_permanent=True)
    return source
