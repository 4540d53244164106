"""Makes one environment with uv: resolve, install wheels, build what has none, compile.

MLflow's bounds come from resolving the model's lines together with full MLflow, and installing the result without it
(`mlflow-skinny` in its place). Wheels are installed by steps that run no foreign code; see `BuildFolder`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler.backends.environments.build_folder import BuildFolder, BuildStep
from scheduler.backends.environments.failures import REASON, failure_of, needs_source_build, output_since, size_of
from scheduler.backends.environments.resolution import Resolution, is_wheel, read_resolution
from scheduler.backends.errors import PreparationFailed
from scheduler.domain.requirements.comparison import EnvironmentPackages, without_bounds
from scheduler.domain.requirements.lines import PackageRequirement
from shared.counted import counted

COMPILED = ("catboost", "lightgbm", "numpy", "onnxruntime", "pandas", "polars", "pyarrow", "scikit-learn", "scipy",
            "tensorflow", "torch", "xgboost")  # fmt: skip
"""Never built from source unless the model says so: it takes an hour, and a compiler that is not here."""
NEVER = "python_version < '3'"
TESTS_OF_PACKAGES = r"[/\\]tests[/\\]"
"""Paths that no pod imports from."""


@dataclass
class EnvironmentBuild:
    """One build in its place; `interpreter` is the Python, or its version, that the environment is made from."""

    place: BuildFolder
    packages: EnvironmentPackages
    python: str
    interpreter: str
    uv: str
    runtime: Path
    output: Path
    say: Callable[[str], None]

    async def run(self) -> Path:
        """The folder of the finished environment. Raises `PreparationFailed`."""
        await self._checked(self._uv("venv", "--relocatable", "--python", self.interpreter, str(self.place.root)))
        places = await asyncio.to_thread(self._placed)
        resolution = await self._resolved(places)
        self.say(f"installing {counted(len(resolution.wheels) + len(resolution.sources), 'package')}")
        await self._checked(self._install(resolution.wheels, "wheels.txt", "--no-build", *self._linking(resolution)))
        await asyncio.to_thread(self._add_runtime)
        if resolution.sources:
            names = ", ".join(_names(resolution.sources))
            self.say(f"building {counted(len(resolution.sources), 'package')} from source: {names}")
            writes = (self.place.root, self.place.sources)
            await self._checked(self._install(resolution.sources, "sources.txt", writes=writes))
        await self._compile_bytecode(runs_package_code=bool(resolution.sources))
        await asyncio.to_thread(self.place.reclaim)
        return self.place.root

    # ── resolving ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _resolved(self, places: Mapping[PackageRequirement, str]) -> Resolution:
        """With MLflow's bounds, else, where the model's own pins go beyond them, without."""
        try:
            lock = await self._lock(self.packages, places)
        except PreparationFailed as failed:
            if not failed.is_permanent or self.packages.is_full:
                raise
            try:
                lock = await self._lock(without_bounds(self.packages), places)
            except PreparationFailed:
                raise failed from None
            self.say("the model's requirements go beyond what its MLflow was made for: they are taken as they are")
        return read_resolution(lock, self.packages, places)

    async def _lock(self, packages: EnvironmentPackages, places: Mapping[PackageRequirement, str]) -> str:
        """The lock file's text; packages are built for their metadata only where nothing else will do."""
        if all(is_wheel(wanted) for wanted in places):
            step = self._resolve_step(packages, places)
            start = size_of(self.output)
            ended = await self.place.run(step, self.output)
            said = output_since(self.output, start)
            if ended.code != 0 and not needs_source_build(said):
                raise self._failure(ended.code, said)
            if ended.code == 0:
                return await asyncio.to_thread(_text_of, self.place.locks / "pylock.toml")
        await self._checked(self._resolve_step(packages, places, (self.place.locks, self.place.sources)))
        return await asyncio.to_thread(_text_of, self.place.locks / "pylock.toml")

    def _resolve_step(
        self, packages: EnvironmentPackages, places: Mapping[PackageRequirement, str], writes: tuple[Path, ...] = ()
    ) -> BuildStep:
        lines = [places.get(wanted, wanted.text) for wanted in packages.wanted]
        source = self._written("requirements.in", [*self._options(), *lines])
        limits = self._written("constraints.txt", [wanted.text for wanted in packages.constraints])
        without = self._written("overrides.txt", [f"{name} ; {NEVER}" for name in packages.without])
        kept = self._only_binary() if writes else ["--no-build"]
        return self._uv(
            "pip", "compile", "--quiet", "--no-header", "--no-sources", "--format", "pylock.toml",
            "--python", str(self.place.python), "--constraints", str(limits), "--overrides", str(without),
            *self._prereleases(), *kept, "--output-file", str(self.place.locks / "pylock.toml"), str(source),
            writes=writes,
        )  # fmt: skip

    def _only_binary(self) -> list[str]:
        said = {
            name for option in self.packages.options if option.name == "--no-binary" for name in option.value.split(",")
        }
        return [] if ":all:" in said else [f"--only-binary={name}" for name in COMPILED if name not in said]

    # ── installing ───────────────────────────────────────────────────────────────────────────────────────────────

    def _install(self, lines: tuple[str, ...], file: str, *arguments: str, writes: tuple[Path, ...] = ()) -> BuildStep:
        wanted = self._written(file, [*self._options(), *lines])
        return self._uv(
            "pip", "install", "--no-deps", "--no-sources", "--python", str(self.place.python), *self._prereleases(),
            *arguments, "-r", str(wanted), writes=writes,
        )  # fmt: skip

    def _linking(self, resolution: Resolution) -> list[str]:
        """A foreign step may write in the environment: its files must not be those of the cache that all share."""
        return ["--link-mode", "copy"] if resolution.sources else []

    async def _compile_bytecode(self, *, runs_package_code: bool) -> None:
        """Once here: a pod that had to compile pandas and scikit-learn would take seconds longer to start.

        Without `site`, whose `.pth` files are code. What cannot be compiled is none of Python's concern here. The tests
        that pandas, NumPy, SciPy and scikit-learn bring are half of all lines, and no pod imports them.
        """
        (library,) = (self.place.root / "lib").glob("python*")
        options = ("-q", "-q", "-j", "0", "-x", TESTS_OF_PACKAGES)
        command = (str(self.place.python), "-I", "-S", "-m", "compileall", *options, str(library))
        await self.place.run(BuildStep(command, (self.place.root,) if runs_package_code else ()), self.output)

    def _add_runtime(self) -> None:
        """The model server is a few plain files: copied, so that it needs no package index."""
        (site,) = (self.place.root / "lib").glob("python*/site-packages")
        shutil.copytree(self.runtime, site / "penstock_runtime", ignore=shutil.ignore_patterns("__pycache__"))

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _placed(self) -> dict[PackageRequirement, str]:
        """Lines of what is wanted by its place: files of the model as copies, addresses as written."""
        found: dict[PackageRequirement, str] = {}
        for number, wanted in enumerate(each for each in self.packages.wanted if each.place):
            if not wanted.digest:
                found[wanted] = wanted.text
                continue
            parent = self.place.wheels if is_wheel(wanted) else self.place.sources
            copy = parent / str(number) / Path(wanted.place).name
            copy.parent.mkdir()
            _copy(Path(wanted.place), copy)
            found[wanted] = wanted.at(copy.as_uri() if wanted.name else str(copy))
        return found

    def _options(self) -> list[str]:
        return [option.text for option in self.packages.options if option.name != "--pre"]

    def _prereleases(self) -> list[str]:
        return ["--prerelease", "allow"] if any(option.name == "--pre" for option in self.packages.options) else []

    def _written(self, name: str, lines: list[str]) -> Path:
        path = self.place.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def _uv(self, *arguments: str, writes: tuple[Path, ...] = ()) -> BuildStep:
        return BuildStep((self.uv, "--color", "never", "--no-progress", *arguments), writes)

    async def _checked(self, step: BuildStep) -> None:
        start = size_of(self.output)
        ended = await self.place.run(step, self.output)
        if ended.code != 0:
            raise self._failure(ended.code, output_since(self.output, start))

    def _failure(self, code: int | None, said: str) -> PreparationFailed:
        if code is None:
            return PreparationFailed(REASON, f"building took longer than {self.place.limit_s:g} s")
        return failure_of(said, self.python)


def _text_of(path: Path) -> str:
    """A file that a foreign step may have written: never what a link of its making leads to."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), encoding="utf-8") as file:
        return file.read()


def _copy(path: Path, copy: Path) -> None:
    """Writable, since building writes into a package's folder, and the model's files are read-only."""
    if path.is_dir():
        shutil.copytree(path, copy, copy_function=shutil.copyfile)
        for each in (copy, *(each for each in copy.rglob("*") if each.is_dir())):
            each.chmod(0o755)
    else:
        shutil.copyfile(path, copy)


def _names(lines: tuple[str, ...]) -> list[str]:
    return [Path(line.partition("==")[0].partition(" @ ")[0].partition("#")[0]).name for line in lines][:20]
