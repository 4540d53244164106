"""Containers of images that their owners brought: which image a version's pods run, and what is mounted into them.

What an image's name means is found out once for a version, at the start of its first pod, and written down (`<home>/
images/<version id>-<configuration>`): its other pods and its restarts run the same image, whatever its tag means by
then, and with the registry away too.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from scheduler.backends.docker.container_spec import Mount
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import NOT_FOUND, EngineRefused
from scheduler.backends.docker.engine.pull import pull_image
from scheduler.backends.docker.preparation.container_plan import ContainerPlan, ContainerPreparation
from scheduler.backends.docker.preparation.pinned_images import PinnedImage, PinnedImages, repository_digest
from scheduler.backends.docker.preparation.pull_notes import PULLING, PullNotes
from scheduler.backends.docker.site.host_paths import HostPaths
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.preparation.mounts import (
    MountCache,
    fetched_mounts,
    inline_files,
)
from scheduler.backends.preparation.port import AddNote
from scheduler.backends.preparation.pull_trouble import PULL_OTHER, PULL_TROUBLE, told_by
from scheduler.backends.preparation.registry_logins import parsed_reference, registry_login
from scheduler.backends.preparation.variables import identity_variables
from scheduler.domain.start_timeline import IMAGE_FOUND, IMAGE_PULLED
from scheduler.domain.values import IMAGE_VOLUMES_MISSING, PodNote
from shared.contracts.deployment import Deployment, ImageSource

UNAUTHORIZED = 401


@dataclass(frozen=True)
class ImageContainers:
    """Implements `ContainerPreparation` for versions that are images."""

    engine: Engine
    pins: PinnedImages
    mounts: MountCache
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def plan(self, record: PodRecord, run: RunFolder, paths: HostPaths, add_note: AddNote) -> ContainerPlan:
        """See `ContainerPreparation.plan`. Entry point and command are the image's, unless its version names others.

        As the engine has it: where the entry point is named, the image's own command goes with its own.
        """
        deployment = record.deployment
        source = _source(deployment)
        mounts = await self._mounts(record, run, paths, add_note)
        pinned = await self._image(deployment, record.template, source, add_note)
        return ContainerPlan(
            pinned.id,
            (*(source.command or ()), *(source.args or ())) or (source.image,),
            entrypoint=source.command or None,
            arguments=source.args or None,
            environment=identity_variables(record.name, deployment),
            mounts=mounts,
            is_root_read_only=False,
            port=source.port,
            health_path=source.health_path,
            shown_image=pinned.shown,
        )

    async def run(self) -> None:
        """Nothing to keep up: an image is looked at when a pod of it starts."""

    # ── files ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _mounts(
        self, record: PodRecord, run: RunFolder, paths: HostPaths, add_note: AddNote
    ) -> tuple[Mount, ...]:
        deployment, found = record.deployment, dict[int, Mount]()
        for number, fetched in fetched_mounts(deployment).items():
            folder = await self.mounts.fetch(deployment, record.template, number, add_note)
            found[number] = Mount(paths.of(folder), fetched.path)
        for mounted in _source(deployment).mounted_images().values():
            why = f"{mounted.uri}: this engine's containers cannot mount files of images; the Kubernetes backend can"
            raise PreparationFailed(IMAGE_VOLUMES_MISSING, why, is_permanent=True)
        for number, inline in inline_files(deployment).items():
            file = await asyncio.to_thread(_written, run.path / f"file-{number}", inline.content)
            found[number] = Mount(paths.of(file), inline.path)
        return tuple(found[number] for number in sorted(found))

    # ── the image ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _image(
        self, deployment: Deployment, template: str, source: ImageSource, add_note: AddNote
    ) -> PinnedImage:
        key = self.pins.key(deployment, template)
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self.pins.read(key)
            if known is not None:
                return await self._again(deployment.version_id, source, known, add_note)
            found = await self._find(deployment.version_id, source, add_note)
            self.pins.write(key, found)
            return found

    async def _again(self, version: UUID, source: ImageSource, known: PinnedImage, add_note: AddNote) -> PinnedImage:
        """The image that the version's first pod had; pulled once more where somebody removed it."""
        if await self._inspected(known.id) is not None:
            add_note(PodNote(IMAGE_FOUND, f"{source.image} is {known.shown}", is_event=False))
            return known
        if known.digest is None:
            why = f"the image {known.id}, which this version's pods were made from, was removed from this machine"
            raise PreparationFailed("ImageGone", f"{why}: build it again, and publish a new version of it")
        await self._pull(version, source, known.digest, add_note)
        return known

    async def _find(self, version: UUID, source: ImageSource, add_note: AddNote) -> PinnedImage:
        """What the name means now: its registry says it, else this machine where somebody put the image here by hand.

        One that was built or loaded here is not looked for elsewhere. (An engine that keeps images as containerd does
        gives those a digest too: the registry is asked in vain.) One that was pulled with a login is for those alone
        whom the registry gives it.
        """
        name = written_name(source.image)  # what is none must not stand in a path of the engine's
        here = await self._inspected(name)
        if here is not None and not here.get("RepoDigests"):
            return self._told(source, here, name, add_note)
        started = time.monotonic()
        try:
            pulled = await self._pulled(version, source, name, add_note)
        except PreparationFailed as failed:
            if here is None or self.pins.is_private(str(here["Id"]), name):
                raise
            add_note(PodNote("ImageNotChecked", f"the copy on this machine is used: {failed.message}"[:500], "warning"))
            return self._told(source, here, name, add_note)
        return self._told(source, pulled, name, add_note, time.monotonic() - started)

    async def _pulled(self, version: UUID, source: ImageSource, name: str, add_note: AddNote) -> dict[str, Any]:
        """The image as the engine has it now, marked as private before it is where it took a login."""
        is_private = source.credentials is not None
        with self.pins.pulling_with_login(name) if is_private else nullcontext():
            await self._pull(version, source, name, add_note)
            inspected = await self._inspected(name)
            if inspected is None:
                raise PreparationFailed("ImageGone", f"{source.image} was pulled, and is not there")
            if is_private:
                self.pins.mark_private(str(inspected["Id"]))
        return inspected

    def _told(
        self,
        source: ImageSource,
        inspected: dict[str, Any],
        name: str,
        add_note: AddNote,
        pulled_s: float | None = None,
    ) -> PinnedImage:
        digest = repository_digest(inspected.get("RepoDigests") or (), name)
        found = PinnedImage(str(inspected["Id"]), digest)
        if pulled_s is None:
            add_note(PodNote(IMAGE_FOUND, f"{source.image} is an image of this machine: {found.shown}"))
        else:
            add_note(PodNote(IMAGE_PULLED, f"{source.image} is here after {pulled_s:.1f} s: {found.shown}"))
        return found

    async def _pull(self, version: UUID, source: ImageSource, name: str, add_note: AddNote) -> None:
        login = await registry_login(self.mounts.ask, version, source)
        add_note(PodNote(PULLING, f"pulling {name}"))
        try:
            await pull_image(self.engine, name, login, PullNotes(name, add_note))
        except EngineRefused as refused:
            raise pull_failure(source.image, refused, has_login=login is not None) from refused

    async def _inspected(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = await self.engine.get(f"/images/{name}/json")
        except EngineRefused as refused:
            if refused.status != NOT_FOUND:
                raise
            return None
        return found


@dataclass(frozen=True)
class ContainersBySource:
    """Implements `ContainerPreparation` for versions of both kinds."""

    models: ContainerPreparation
    images: ContainerPreparation

    async def plan(self, record: PodRecord, run: RunFolder, paths: HostPaths, add_note: AddNote) -> ContainerPlan:
        """By what the pod's version is made from."""
        chosen = self.models if record.deployment.image_source() is None else self.images
        return await chosen.plan(record, run, paths, add_note)

    async def run(self) -> None:
        """Both, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.models.run(), name="runtime images")
            group.create_task(self.images.run(), name="images of versions")


def written_name(image: str) -> str:
    """The full name of an image. Raises `PreparationFailed` where it is none.

    An engine takes a short one for an image's id too: `cafe` is also whichever image of its has an id that begins so.
    Beside a digest a tag says nothing, and some engines find nothing by both.
    """
    found = parsed_reference(image)
    which = f"@{found.digest}" if found.digest else f":{found.tag or 'latest'}"
    return f"{found.registry}/{found.repository}{which}"


def pull_failure(image: str, refused: EngineRefused, *, has_login: bool) -> PreparationFailed:
    """Why an image is not had, and what is to be done."""
    said = f" ({refused.message[:300]})"
    if refused.status == UNAUTHORIZED:
        todo = "check the secret's user and password" if has_login else "name a secret with its user and password"
        why = f"the registry does not give out {image}: {todo}, and check the image's name{said}"
        return PreparationFailed("ImageRefused", why, is_permanent=True)
    if refused.status == NOT_FOUND:
        why = f"there is no image {image}: check its name and tag, or push it, and start the version again{said}"
        return PreparationFailed("ImageNotFound", why, is_permanent=True)
    reason, why, is_permanent = told_by(
        PULL_TROUBLE, PULL_OTHER, refused.message, image=image, where="the engine's machine"
    )
    return PreparationFailed(reason, f"{why}{said}", is_permanent=is_permanent)


def _source(deployment: Deployment) -> ImageSource:
    source = deployment.image_source()
    assert source is not None
    return source


def _written(file: Path, content: str) -> Path:
    """A file for anybody to read, in a folder that is nobody's: who runs in the container is the image's matter."""
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    aside.write_text(content)
    aside.chmod(0o444)
    aside.replace(file)
    return file
