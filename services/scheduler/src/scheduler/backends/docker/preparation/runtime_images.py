"""Our runtime images, one for each minor version of Python: what they hold, and environments built in them.

An image holds a Python, uv, the model server and the libraries of ordinary models. A model that needs something else
gets an environment as on this machine, by the same code; but each step runs in a short-lived container of the image, so
that what is built there runs there. Environments lie on this machine and are mounted where they lie.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from scheduler.backends.child_process import ChildResult
from scheduler.backends.docker.container_spec import Mount
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import NOT_FOUND, EngineAway, EngineError, EngineRefused
from scheduler.backends.docker.engine.pull import DEFAULT_REGISTRY, pull_image, registry_of
from scheduler.backends.docker.preparation.pull_notes import PULLING, PullNotes
from scheduler.backends.docker.site.host_paths import HostPaths
from scheduler.backends.docker.site.short_lived import ShortLived, run_to_end
from scheduler.backends.environments.build_folder import BuildFolder, BuildStep, RunStep
from scheduler.backends.environments.host import OwnEnvironment
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.preparation.port import AddNote
from scheduler.domain.requirements.comparison import minor_of
from scheduler.domain.values import ENGINE_UNAVAILABLE, PodNote

ROOT = "/opt/penstock"
"""Where an image has its virtual environment."""
FACTS_LIMIT_S = 60.0
FACTS = """
import json, platform, sys
from importlib import metadata
found = {each.metadata["Name"]: each.version for each in metadata.distributions() if each.metadata["Name"]}
print(json.dumps({"version": platform.python_version(), "base": sys._base_executable, "packages": found}))
"""
CACHE = ".uv-cache"
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "UV_CONFIG_FILE")
"""Variables of uv's that name files of this machine."""


@dataclass(frozen=True)
class RuntimeImage:
    """One image as it is now."""

    name: str
    id: str
    version: str
    base: str
    packages: Mapping[str, str]


@dataclass(frozen=True)
class RuntimeSettings:
    """Which images, and how containers of them are run. `name`: with `{python}` for the minor version."""

    name: str
    default_python: str
    installation: str
    build_network: str
    envs: Path


class RuntimeImageMissing(PreparationFailed):
    """There is no image for a Python; `python` is its minor version."""

    def __init__(self, name: str, python: str) -> None:
        why = f"there is no image {name} for Python {python}; make it with: penstock images build --python {python}"
        super().__init__("RuntimeImageMissing", why)
        self.python = python


class RuntimeImages:
    """Implements `EnvironmentHost` on short-lived containers."""

    def __init__(self, engine: Engine, settings: RuntimeSettings) -> None:
        self.engine = engine
        self.settings = settings
        self.paths: HostPaths | None = None
        """Set once the engine was reached."""
        self._known: dict[str, RuntimeImage] = {}
        self._facts: dict[str, RuntimeImage] = {}

    # ── images ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def refresh(self) -> None:
        """Look at which images there are: of each version that is served. Raises `RegistryUnavailable`."""
        try:
            for python in SERVED:
                await self._refresh(python)
        except EngineAway as away:
            raise RegistryUnavailable(away.message, ENGINE_UNAVAILABLE) from away
        except EngineError as error:
            raise PreparationFailed("RuntimeImageUnusable", error.message) from error

    async def pull(self, python: str, add_note: AddNote) -> None:
        """Pull the image for a Python, where its name is a registry's. Raises `PreparationFailed`, `EngineAway`."""
        name = self.settings.name.format(python=python)
        if registry_of(name) == DEFAULT_REGISTRY and "/" not in name:
            raise RuntimeImageMissing(name, python)  # one of our own making: no registry has it
        add_note(PodNote(PULLING, f"pulling {name}"))
        try:
            await pull_image(self.engine, name, None, PullNotes(name, add_note))
            await self._refresh(python)
        except EngineRefused as refused:
            raise PreparationFailed("ImagePullFailed", f"{name}: {refused.message}") from refused

    async def _refresh(self, python: str) -> None:
        name = self.settings.name.format(python=python)
        try:
            identity = str((await self.engine.get(f"/images/{name}/json"))["Id"])
        except EngineRefused as refused:
            if refused.status != NOT_FOUND:
                raise
            self._known.pop(python, None)
            return
        if identity not in self._facts:
            self._facts[identity] = await self._look_into(name, identity)
        self._known[python] = self._facts[identity]

    async def _look_into(self, name: str, identity: str) -> RuntimeImage:
        said: list[bytes] = []
        command = [f"{ROOT}/bin/python", "-I", "-c", FACTS]
        wanted = ShortLived(identity, command, self.settings.installation)
        code = await run_to_end(self.engine, wanted, limit_s=FACTS_LIMIT_S, hear=said.append)
        try:
            found = json.loads(said[-1])
            return RuntimeImage(name, identity, found["version"], found["base"], found["packages"])
        except (IndexError, ValueError, KeyError, TypeError) as error:
            last = said[-1].decode(errors="replace")[:200] if said else "it printed nothing"
            raise EngineRefused(500, f"{name} is no runtime image of Penstock's: exit code {code}, {last}") from error

    def image(self, python: str | None) -> RuntimeImage:
        """The image for a Python. Raises `PreparationFailed` where there is none."""
        minor = minor_of(python or self.settings.default_python)
        if minor in self._known:
            return self._known[minor]
        raise RuntimeImageMissing(self.settings.name.format(python=minor), minor)

    # ── EnvironmentHost ──────────────────────────────────────────────────────────────────────────────────────────

    def own(self, python: str | None) -> OwnEnvironment:
        """What the image holds."""
        found = self.image(python)
        # By its version: the path says which image it is of.
        python_there = Path(f"{ROOT}/bin/python{minor_of(found.version)}")
        return OwnEnvironment(python_there, found.version, found.packages, f"\nimage {found.id}")

    def interpreter(self, python: str) -> str:
        """The image's Python, which its own environment was made from."""
        return self.image(python).base

    def uv(self, python: str) -> str:
        """The image's."""
        return f"{ROOT}/bin/uv"

    def is_there(self, python: Path) -> bool:
        """It is a link to the image's Python, which is not on this machine."""
        return os.path.lexists(python)

    def run_step(self, python: str) -> RunStep:
        """In a container of the image."""
        return partial(self._run_step, self.image(python))

    async def _run_step(self, image: RuntimeImage, step: BuildStep, place: BuildFolder, output: Path) -> ChildResult:
        """What runs code of packages gets the build's folder and nothing else, and a cache of this build alone."""
        assert self.paths is not None
        folders = [place.folder, *([] if step.runs_package_code else [self._cache()])]
        mounts = [Mount(self.paths.of(each), str(each), is_writable=True) for each in folders]
        environment = place.environment(step) | {"UV_LINK_MODE": "copy", "UV_PYTHON_DOWNLOADS": "never"}
        if not step.runs_package_code:
            environment |= {"UV_CACHE_DIR": str(self._cache()), "HOME": "/tmp", "TMPDIR": "/tmp"}  # noqa: S108
        mounts += self._certificates(environment)
        wanted = ShortLived(
            image.id,
            step.command,
            self.settings.installation,
            {name: value for name, value in environment.items() if name not in ("PATH", "LD_LIBRARY_PATH")},
            mounts,
            network=self.settings.build_network,
            user=f"{os.geteuid()}:{os.getegid()}",
            folder=str(place.folder),
        )
        with output.open("ab") as file:
            hear = partial(_write, file, place.redacted)
            try:
                code = await run_to_end(self.engine, wanted, limit_s=place.limit_s, hear=hear)
            except EngineError as error:
                raise PreparationFailed("EnvironmentFailed", error.message) from error
        return ChildResult(code, "")

    def _cache(self) -> Path:
        cache = self.settings.envs / CACHE
        cache.mkdir(parents=True, exist_ok=True)
        return cache

    def _certificates(self, environment: Mapping[str, str]) -> list[Mount]:
        assert self.paths is not None
        files = [Path(value) for name in CERTIFICATES if (value := environment.get(name))]
        found = []
        for each in files:
            try:
                found.append(Mount(self.paths.of(each), str(each)))
            except PreparationFailed:
                continue  # in the scheduler's own image: the runtime image has its own
        return [mount for mount in found if Path(mount.target).exists()]


SERVED = ("3.11", "3.12", "3.13")
"""Minor versions of Python that an image is looked for."""


def _write(file: IO[bytes], redacted: Callable[[str], str], line: bytes) -> None:
    file.write(redacted(line.decode(errors="replace")).encode() + b"\n")
    file.flush()
