"""Environments that models run in: the platform's own where it satisfies them, else one built by uv and kept.

`<home>/envs/<key>`: the key names the content (requirements, Python's minor version, the model server's own source), so
an environment is built once, is never changed, and is found again in milliseconds. It is built aside and renamed when
it is whole; one build at a time for each key, over processes too.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

import uv
from packaging.utils import canonicalize_name

from scheduler.backends.children import environment_for, run_child
from scheduler.backends.confinement.availability import UNCONFINED, Confinement, NotConfined
from scheduler.backends.confinement.builds import ConfinedBuild
from scheduler.backends.preparation import PreparationFailed
from scheduler.domain.requirements import (
    Comparison,
    ModelNeeds,
    compare,
    environment_key,
    requirement_lines,
    to_install,
)

RUNTIME = "penstock-runtime"
UV_PREFIXES = ("UV_", "PIP_")


@dataclass(frozen=True)
class Environment:
    """A Python that can serve the model."""

    python: Path
    was_built: bool = False


@dataclass(frozen=True)
class Plan:
    """What a model's environment is to be: `key` None means the platform's own."""

    comparison: Comparison
    lines: tuple[str, ...] = ()
    python: str = ""
    key: str | None = None


def needs_of(model: Path) -> ModelNeeds:
    """What the model's files ask for. Without a requirements file: nothing."""
    requirements = model / "requirements.txt"
    lines = requirement_lines(requirements.read_text(encoding="utf-8")) if requirements.exists() else ()
    return ModelNeeds(lines, _python_of(model / "python_env.yaml"))


def _python_of(python_env: Path) -> str | None:
    """The `python: 3.11.7` line of MLflow's file; it is written by a program, so a line is all that is looked for."""
    if not python_env.exists():
        return None
    for line in python_env.read_text(encoding="utf-8").splitlines():
        if line.startswith("python:"):
            return line.partition(":")[2].strip().strip("'\"") or None
    return None


class Environments:
    """Plans, builds and finds environments."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str], *, limit_s: float, confinement: Confinement = UNCONFINED
    ) -> None:
        self.folder = folder.resolve()
        self.confinement = confinement
        self.limit_s = limit_s
        self.uv = uv.find_uv_bin()
        self.uv_environment = _for_uv(environ)
        self.runtime = Path(str(util.find_spec("penstock_runtime").submodule_search_locations[0]))  # type: ignore[union-attr,index]
        self._locks: dict[str, asyncio.Lock] = {}

    def plan(self, model: Path) -> Plan:
        """What the model needs, held against the platform's own environment."""
        needs = needs_of(model)
        here = platform.python_version()
        comparison = compare(needs, _installed(), here)
        if not comparison.unmet:
            return Plan(comparison)
        lines = to_install(needs, tuple(metadata.requires(RUNTIME) or ()))
        python = needs.python or here
        return Plan(comparison, lines, python, environment_key(lines, python, _digest(self.runtime)))

    def find(self, plan: Plan) -> Environment | None:
        """The environment, where nothing has to be built."""
        if plan.key is None:
            return Environment(Path(sys.executable))
        python = self.folder / plan.key / "bin" / "python"
        return Environment(python) if python.exists() else None

    async def build(self, plan: Plan, output: Path, say: Callable[[str], None]) -> Environment:
        """Build the environment, or wait for whoever builds it; uv's words go to `output`.

        Raises:
            PreparationFailed: uv could not; its last lines are in `output`.
        """
        assert plan.key is not None
        try:
            self.confinement.check()
        except NotConfined as why:
            raise PreparationFailed("NotConfined", str(why), is_permanent=True) from why
        async with self._locks.setdefault(plan.key, asyncio.Lock()), self._file_lock(plan.key):
            if found := self.find(plan):
                return found
            await self._build(plan, plan.key, output, say)
        return Environment(self.folder / plan.key / "bin" / "python", was_built=True)

    async def _build(self, plan: Plan, key: str, output: Path, say: Callable[[str], None]) -> None:
        await asyncio.to_thread(self._sweep, key)
        aside = Path(tempfile.mkdtemp(prefix=f".building-{key}-", dir=self.folder))
        try:
            wanted = aside / "requirements.txt"
            wanted.write_text("".join(f"{line}\n" for line in plan.lines), encoding="utf-8")
            root = aside / "env"
            await self._uv("venv", "--relocatable", "--python", _interpreter(plan.python), str(root), output=output)
            say(f"installing {len(plan.lines)} requirements")
            python = root / "bin" / "python"
            # Compiled once here: a pod that had to compile pandas and scikit-learn would take seconds longer to start.
            install = ("pip", "install", "--compile-bytecode", "--python", str(python), "-r", str(wanted))
            build = ConfinedBuild(self.confinement, aside)
            await self._uv(*install, output=output, build=build, python=python)
            await asyncio.to_thread(build.take_back)
            self._add_runtime(root)
            root.rename(self.folder / key)
        finally:
            await asyncio.to_thread(shutil.rmtree, aside, ignore_errors=True)

    def _sweep(self, key: str) -> None:
        """Drop what a build that was killed has left; whoever calls holds the key's lock."""
        for left in self.folder.glob(f".building-{key}-*"):
            shutil.rmtree(left, ignore_errors=True)

    async def _uv(
        self, *arguments: str, output: Path, build: ConfinedBuild | None = None, python: Path | None = None
    ) -> None:
        """Run uv; confined as `build` where what is installed may run code of its own."""
        command, environment = [self.uv, "--color", "never", *arguments], self.uv_environment
        if build is not None and python is not None:
            command, environment = (
                build.command(python, command, environment, [build.folder / "env"]),
                build.environment(environment),
            )
        ended = await run_child(command, environment, limit_s=self.limit_s, output=output)
        if ended.code is None:
            raise PreparationFailed("EnvironmentFailed", f"building took longer than {self.limit_s:g} s")
        if ended.code != 0:
            raise PreparationFailed("EnvironmentFailed", _last_words(output))

    def _add_runtime(self, root: Path) -> None:
        """The model server is a few plain files: copied, so that it needs no package index."""
        (site,) = (root / "lib").glob("python*/site-packages")
        if not site.resolve().is_relative_to(root.resolve()):
            raise PreparationFailed("EnvironmentFailed", "the build has put its packages elsewhere", is_permanent=True)
        shutil.copytree(self.runtime, site / "penstock_runtime", ignore=shutil.ignore_patterns("__pycache__"))

    @asynccontextmanager
    async def _file_lock(self, key: str) -> AsyncIterator[None]:
        """Hold `<key>.lock` against another process; waiting does not hold the event loop up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _try_lock(descriptor):  # noqa: ASYNC110 - another process holds it
                await asyncio.sleep(0.2)
            yield
        finally:
            os.close(descriptor)


def _for_uv(environ: Mapping[str, str]) -> dict[str, str]:
    """What uv may know; a package index and certificates that are set for pip are taken for uv's too."""
    known = environment_for(environ, UV_PREFIXES)
    for ours, pips in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("SSL_CERT_FILE", "PIP_CERT")):
        if ours not in known and known.get(pips):
            known[ours] = known[pips]
    return known


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _interpreter(wanted: str) -> str:
    """This very Python where the minor version is the same, else the version for uv to find."""
    minor = ".".join(wanted.split(".")[:2])
    here = ".".join(platform.python_version_tuple()[:2])
    return getattr(sys, "_base_executable", sys.executable) if minor == here else minor


def _installed() -> dict[str, str]:
    found = ((each.metadata["Name"], each.version) for each in metadata.distributions())
    return {canonicalize_name(name): version for name, version in found if name}


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        whole.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def _last_words(output: Path, lines: int = 4) -> str:
    """What uv said last, in one line."""
    said = [line.strip(" ×│╰─▶") for line in output.read_text(encoding="utf-8", errors="replace").splitlines()]
    return " ".join(line for line in said[-lines:] if line)[:800]
