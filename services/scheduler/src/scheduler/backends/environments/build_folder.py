"""Where a build happens: the one place that decides on its commands, environment, caches and working folder.

Steps of two kinds. *Ours* run no code of any package: they resolve and unpack wheels, with uv's cache that all builds
share. *Foreign* ones run code that somebody published (`setup.py`, build backends): confined, with a cache, a home and
a temporary folder of this build alone, which go when it ends, so that nothing which another build or environment reads
is written. Once a foreign step has written in a folder, only foreign steps run what is in it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler.backends.child_process import ChildResult, run_child
from scheduler.backends.confinement.availability import Confinement
from scheduler.backends.confinement.builds import OWN_FOLDERS, ConfinedBuild, uv_config
from shared.security.redaction import redact


@dataclass(frozen=True)
class BuildStep:
    """One command. It is foreign where it has folders to write in, beside those that every foreign step has."""

    command: tuple[str, ...]
    writes: tuple[Path, ...] = ()

    @property
    def runs_package_code(self) -> bool:
        """Whether it may run code of packages."""
        return bool(self.writes)


RunStep = Callable[[BuildStep, "BuildFolder", Path], Awaitable[ChildResult]]
"""Runs a step to its end in the build's folder; its words go to the file, without secrets."""


@dataclass(frozen=True)
class BuildFolder:
    """One build's folder, on the same disk as the environments, and what its steps may know."""

    folder: Path
    known: Mapping[str, str]
    """Variables for uv: indexes, certificates, proxies."""
    secrets: frozenset[str]
    """Texts that the output must not show."""
    limit_s: float
    confinement: Confinement
    run_step: RunStep

    @classmethod
    def make(
        cls,
        parent: Path,
        key: str,
        *,
        known: Mapping[str, str],
        secrets: frozenset[str],
        limit_s: float,
        confinement: Confinement,
        run_step: RunStep | None = None,
    ) -> BuildFolder:
        """A fresh one for the environment `key`."""
        folder = Path(tempfile.mkdtemp(prefix=f".building-{key}-", dir=parent))
        place = cls(folder, known, secrets, limit_s, confinement, run_step or run_here)
        for each in (*OWN_FOLDERS.values(), "wheels", "sources", "locks"):
            (folder / each).mkdir(parents=True, exist_ok=True)
        return place

    @property
    def root(self) -> Path:
        """The environment that is being made."""
        return self.folder / "env"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "bin" / "python"

    @property
    def wheels(self) -> Path:
        """Copies of the model's own wheels: a foreign step reads nothing outside this folder."""
        return self.folder / "wheels"

    @property
    def sources(self) -> Path:
        """Copies of the model's own packages, since building one writes into its folder."""
        return self.folder / "sources"

    @property
    def locks(self) -> Path:
        """What uv resolved."""
        return self.folder / "locks"

    def environment(self, step: BuildStep) -> dict[str, str]:
        """All that a step's process knows."""
        if not step.runs_package_code:
            return dict(self.known)
        own = {name: str(self.folder / under) for name, under in OWN_FOLDERS.items()}
        return {**self.known, **own, **uv_config(self.known)}

    async def run(self, step: BuildStep, output: Path) -> ChildResult:
        """Run it to its end in the build's folder; its words go to `output`, without secrets."""
        return await self.run_step(step, self, output)

    def redacted(self, line: str) -> str:
        """Without secrets."""
        return redact(self.secrets, line)

    def reclaim(self) -> None:
        """Nobody but the platform changes from now on what was built."""
        ConfinedBuild(self.confinement, self.folder).reclaim()


async def run_here(step: BuildStep, place: BuildFolder, output: Path) -> ChildResult:
    """As a process of this machine; a foreign one confined."""
    command: list[str] = list(step.command)
    if step.runs_package_code:
        command = ConfinedBuild(place.confinement, place.folder).command(
            place.python, command, place.known, step.writes
        )
    return await run_child(
        command,
        place.environment(step),
        limit_s=place.limit_s,
        output=output,
        folder=place.folder,
        rewrite=place.redacted,
    )
