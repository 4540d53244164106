"""Files that versions of images mount, on this machine: fetched once for a version, kept beside the models.

What a mount held when its version was first started is written down (`<home>/models/versions/<version id>-<template>.
<number>`): its other pods and its restarts get the same bytes, with the registry or the store away too.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from scheduler.backends.child_process import child_environment, run_child
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.models.cache import FETCH_LIMIT_S, ModelCache
from scheduler.backends.models.fetch import NOT_FOUND, TOO_LARGE, UNAVAILABLE
from scheduler.backends.preparation.port import AddNote
from scheduler.domain.rollout import configuration_of
from scheduler.domain.values import SECRETS_UNAVAILABLE, PodNote
from shared.contracts.deployment import ArtifactMount, Deployment, FileMount, S3Mount
from shared.contracts.rpc.controller import ImageSecret
from shared.errors import PenstockError, Temporary

AskForImageSecret = Callable[[UUID, str], Awaitable[ImageSecret]]
"""The fields of a secret that a version's image names; raises what the controller raises."""
FetchedMount = ArtifactMount | S3Mount
FETCHING_FILES, FILES_FETCHED = "FetchingFiles", "FilesFetched"


async def image_secret(ask: AskForImageSecret, version: UUID, name: str, kind: str) -> dict[str, str]:
    """The fields of a secret of this kind.

    Raises:
        RegistryUnavailable: the controller does not answer.
        PreparationFailed: there is no such secret, or it is of another kind.
    """
    try:
        found = await ask(version, name)
    except Temporary as away:
        raise RegistryUnavailable(f"secret {name} cannot be asked for: {away.message}", SECRETS_UNAVAILABLE) from away
    except PenstockError as refused:
        raise PreparationFailed("SecretMissing", f"secret {name}: {refused.message}") from refused
    if found.kind != kind:
        raise PreparationFailed("SecretMissing", f"secret {name} is of the kind {found.kind}, not {kind}")
    return found.fields


class MountCache:
    """Fetches the files of mounts by child processes, with the folder, limits and rules of the models' cache."""

    def __init__(self, models: ModelCache, ask: AskForImageSecret, allowed_stores: Sequence[str] = ()) -> None:
        self.models = models
        self.ask = ask
        self._allowed_stores = list(allowed_stores)
        self._locks: dict[str, asyncio.Lock] = {}

    def cached(self, deployment: Deployment, template: str, number: int) -> Path | None:
        """The files of a mount that were fetched before; `number`: its place among the mounts of the version."""
        try:
            digest = self._digest_file(deployment, template, number).read_text(errors="replace")
        except OSError:
            return None
        path = self.models.folder / digest
        return path if digest and path.is_dir() else None

    async def fetch(self, deployment: Deployment, template: str, number: int, add_note: AddNote) -> Path:
        """Folder with the files of a mount; fetched where they are not there.

        Raises:
            RegistryUnavailable: MLflow, the store or the controller does not answer.
            PreparationFailed: there is nothing, or it cannot be had.
        """
        mount = fetched_mounts(deployment)[number]
        known = self._digest_file(deployment, template, number)
        async with self._locks.setdefault(known.name, asyncio.Lock()):
            if path := self.cached(deployment, template, number):
                return path
            add_note(PodNote(FETCHING_FILES, f"fetching {mount.uri} for {mount.path}"))
            started = time.monotonic()
            digest = await self._run_fetch(deployment.version_id, mount)
            known.parent.mkdir(parents=True, exist_ok=True)
            aside = known.with_name(f".{known.name}.{os.getpid()}")
            aside.write_text(digest)
            aside.replace(known)
            seconds = time.monotonic() - started
            add_note(PodNote(FILES_FETCHED, f"{mount.uri} is here after {seconds:.1f} s: sha256:{digest[:12]}"))
            return self.models.folder / digest

    def _digest_file(self, deployment: Deployment, template: str, number: int) -> Path:
        name = f"{deployment.version_id}-{configuration_of(template)}.{number}"
        return self.models.folder / "versions" / name

    async def _run_fetch(self, version: UUID, mount: FetchedMount) -> str:
        request: dict[str, Any] = {
            "kind": mount.kind,
            "uri": mount.uri,
            "models": str(self.models.folder.resolve()),
            "limits": asdict(self.models.limits),
        }
        is_ours = isinstance(mount, ArtifactMount) and mount.registry is None
        if isinstance(mount, S3Mount):
            request |= await self._store(version, mount)
        elif mount.registry is None:
            request["tracking_uri"] = self.models.tracking_uri
        else:
            request |= {
                "registry": mount.registry,
                "access": (await self.models.access_to(mount.registry)).model_dump(),
            }
        # Whoever names another store gets none of the platform's credentials.
        environment = self.models.environment if is_ours else child_environment(self.models.environment, ())
        command = [sys.executable, "-m", "scheduler.backends.models.fetch_mount"]
        ended = await run_child(
            self.models.confined(command, is_ours=is_ours),
            environment | {"TMPDIR": request["models"]},
            stdin=json.dumps(request).encode(),
            limit_s=FETCH_LIMIT_S,
        )
        return _digest_in(ended.stdout, ended.code)

    async def _store(self, version: UUID, mount: S3Mount) -> dict[str, Any]:
        fields = await image_secret(self.ask, version, mount.credentials, "s3") if mount.credentials else None
        return {"endpoint": mount.endpoint, "credentials": fields, "allowed": self._allowed_stores}


def fetched_mounts(deployment: Deployment) -> dict[int, FetchedMount]:
    """The mounts of a version whose files are somewhere else, by their place among all of them."""
    image = deployment.image_source()
    mounts = image.mounts if image is not None else ()
    return {number: mount for number, mount in enumerate(mounts) if isinstance(mount, ArtifactMount | S3Mount)}


def inline_files(deployment: Deployment) -> dict[int, FileMount]:
    """The mounts of a version whose content it has itself, by their place among all of them."""
    image = deployment.image_source()
    mounts = image.mounts if image is not None else ()
    return {number: mount for number, mount in enumerate(mounts) if isinstance(mount, FileMount)}


def _digest_in(stdout: str, code: int | None) -> str:
    try:
        answer = json.loads(stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise PreparationFailed("FetchFailed", f"fetching ended with exit code {code}") from error
    if "digest" in answer:
        return str(answer["digest"])
    if answer["error"] == UNAVAILABLE:
        raise RegistryUnavailable(answer["message"])
    reasons = {NOT_FOUND: "FilesNotFound", TOO_LARGE: "FilesTooLarge"}
    reason = reasons.get(answer["error"])
    raise PreparationFailed(reason or "FetchFailed", answer["message"], is_permanent=reason is not None)
