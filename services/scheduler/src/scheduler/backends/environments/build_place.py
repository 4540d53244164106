"""Where a build happens: the one place that decides on its commands, environment, caches and working folder.

Steps of two kinds. *Ours* run no code of any package: they resolve and unpack wheels, with uv's cache that all builds
share. *Foreign* ones run code that somebody published (`setup.py`, build backends): with a cache, a home and a
temporary folder of this build alone, which go when it ends, so that nothing which another build or environment reads is
written. Whoever confines builds confines the foreign steps here: to `writable`, and to reading the rest of the folder.
Once a foreign step has run, the environment's own interpreter is foreign too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler.backends.children import Ended, run_child
from scheduler.backends.confinement.availability import UNCONFINED, Confinement
from scheduler.backends.confinement.builds import ConfinedBuild
from shared.redaction import without

PRIVATE = ("HOME", "USER", "TMPDIR")


@dataclass(frozen=True)
class Step:
    """One command; `is_foreign`: it may run code of packages."""

    command: tuple[str, ...]
    is_foreign: bool = False


@dataclass(frozen=True)
class BuildPlace:
    """One build's folder, on the same disk as the environments, and what its steps may know."""

    folder: Path
    known: Mapping[str, str]
    """Variables for uv: indexes, certificates, proxies."""
    secrets: frozenset[str]
    """Texts that the output must not show."""
    limit_s: float
    confinement: Confinement = UNCONFINED

    @classmethod
    def make(
        cls,
        parent: Path,
        key: str,
        known: Mapping[str, str],
        secrets: frozenset[str],
        *,
        limit_s: float,
        confinement: Confinement = UNCONFINED,
    ) -> BuildPlace:
        """A fresh one for the environment `key`."""
        folder = Path(tempfile.mkdtemp(prefix=f".building-{key}-", dir=parent))
        place = cls(folder, known, secrets, limit_s, confinement)
        for each in (place.home, place.temporary, place.cache, place.sources, place.locks):
            each.mkdir(mode=0o700)
        return place

    @property
    def writable(self) -> tuple[Path, ...]:
        """All that foreign steps write in; files beside these are ours."""
        return (self.root, self.home, self.temporary, self.cache, self.sources, self.locks)

    @property
    def root(self) -> Path:
        """The environment that is being made."""
        return self.folder / "env"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "bin" / "python"

    @property
    def home(self) -> Path:
        """HOME of foreign steps."""
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        """TMPDIR of foreign steps."""
        return self.folder / "tmp"

    @property
    def cache(self) -> Path:
        """uv's cache for foreign steps."""
        return self.folder / "cache"

    @property
    def sources(self) -> Path:
        """Copies of the model's own packages, since building one writes into its folder."""
        return self.folder / "sources"

    @property
    def locks(self) -> Path:
        """What uv resolved."""
        return self.folder / "locks"

    def environment(self, step: Step) -> dict[str, str]:
        """All that a step's process knows."""
        if not step.is_foreign:
            return dict(self.known)
        own = {"HOME": str(self.home), "TMPDIR": str(self.temporary), "UV_CACHE_DIR": str(self.cache)}
        return {key: value for key, value in self.known.items() if key not in PRIVATE} | own

    async def run(self, step: Step, output: Path) -> Ended:
        """Run it to its end in the build's folder, a foreign one confined; its words go to `output` without secrets."""
        command, environment = list(step.command), self.environment(step)
        if step.is_foreign:
            command = self._build.command(self.python, command, environment, self.writable)
            environment = self._build.environment(environment)
        return await run_child(
            command,
            environment,
            limit_s=self.limit_s,
            output=output,
            folder=self.folder,
            rewrite=lambda line: without(self.secrets, line),
        )

    def take_back(self) -> None:
        """Nobody but the platform changes from now on what was built."""
        self._build.take_back()

    @property
    def _build(self) -> ConfinedBuild:
        return ConfinedBuild(self.confinement, self.folder)
