"""What a model's files ask for, in the order in which MLflow itself goes by them.

`python_env.yaml`'s `dependencies`, else `requirements.txt`, else the section `pip` of `conda.yaml`; what conda itself
would have installed is added by name. Files that lines include (`-r`, `-c`) are read here, relative to the file that
names them, and lie inside the model. The docstring of `scheduler.domain.requirements.sources` says what is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scheduler.backends.environments.model_folder import ModelFolder, digest_of, is_project
from scheduler.domain.requirements.comparison import ModelRequirements
from scheduler.domain.requirements.files import CondaEnv, PythonEnv, read_conda_env, read_mlmodel, read_python_env
from scheduler.domain.requirements.lines import (
    ARCHIVES,
    BINARIES,
    CONSTRAINTS,
    INCLUDES,
    INDEXES,
    PackageRequirement,
    RequirementOption,
    UnreadableRequirements,
    read_line,
    read_lines,
)
from scheduler.domain.requirements.sources import PATHS_SETTING, VARIABLE, Resolve, SourceRule
from shared.security.redaction import redact_credentials

MAX_INCLUDES = 20
"""Files that a model's requirements may include, one another included."""
_PASSED_ON = INDEXES | BINARIES | {"--no-index", "--pre"}


def read_requirements(model: Path, rule: SourceRule, resolve: Resolve) -> ModelRequirements:
    """What the files in `model` ask for.

    Raises:
        UnreadableRequirements: a file or a line that cannot be read, or is not allowed.
        OSError: an address in a line that cannot be resolved.
    """
    return _RequirementsReader(ModelFolder(model), rule, resolve).needs()


@dataclass
class _RequirementsReader:
    folder: ModelFolder
    rule: SourceRule
    resolve: Resolve
    wanted: list[PackageRequirement] = field(default_factory=list)
    constraints: list[PackageRequirement] = field(default_factory=list)
    options: list[RequirementOption] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    includes: int = 0

    def needs(self) -> ModelRequirements:
        described = read_mlmodel(self.folder.optional_text("MLmodel") or "")
        text = self.folder.optional_text(described.python_env)
        python_env = PythonEnv() if text is None else read_python_env(text, described.python_env)
        text = self.folder.optional_text(described.conda)
        conda = CondaEnv() if text is None else read_conda_env(text, described.conda)
        self._read_requirements(python_env, conda)
        build = [*python_env.build_dependencies, *self._of_conda(conda, described.conda)]
        return ModelRequirements(
            tuple(self.wanted),
            python_env.python or conda.python or described.python,
            tuple(self.constraints),
            tuple(self.options),
            tuple(self._by_name(build)),
            tuple(self.warnings),
        )

    def _read_requirements(self, python_env: PythonEnv, conda: CondaEnv) -> None:
        requirements = self.folder.find("requirements.txt")
        if python_env.dependencies:
            self._read("\n".join(python_env.dependencies), self.folder.root)
        elif requirements is not None:
            self._read(self.folder.text(requirements), requirements.parent)
        else:
            self._read("\n".join(conda.pip), self.folder.root)

    def _of_conda(self, conda: CondaEnv, file: str) -> Iterator[str]:
        """Packages of conda's own: those that build others are handed on, the rest is wanted."""
        names = {wanted.name for wanted in self.wanted}
        for wanted in self._by_name(conda.packages):
            if wanted.name in ("setuptools", "wheel"):
                yield wanted.text
            elif wanted.name not in names:
                self.wanted.append(wanted)
                self.warnings.append(f"{wanted.text} is taken from {file} by its name there, and installed with pip")

    def _by_name(self, lines: Iterable[str]) -> Iterator[PackageRequirement]:
        for line in lines:
            found = read_line(line)
            if not isinstance(found, PackageRequirement) or found.place:
                raise UnreadableRequirements(f"`{redact_credentials(line)}` is no requirement by name")
            yield found

    # ── lines ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, text: str, base: Path, *, are_constraints: bool = False) -> None:
        for line in read_lines(text):
            if isinstance(line, PackageRequirement):
                self._take(line, base, self.constraints if are_constraints else self.wanted)
            elif line.name in (INCLUDES, CONSTRAINTS):
                self._include(line, base, are_constraints=are_constraints or line.name == CONSTRAINTS)
            elif line.name == "--require-hashes":
                self.warnings.append(
                    "--require-hashes is left out: hashes are checked where a line has one, and what the model server "
                    "adds has none"
                )
            elif line.name in _PASSED_ON:
                self.options.append(self._allowed(line, base))

    def _include(self, option: RequirementOption, base: Path, *, are_constraints: bool) -> None:
        shown = redact_credentials(option.text)
        path = self.folder.find(option.value, base)
        if path is None:
            raise UnreadableRequirements(
                f"`{shown}` names no file of the model: it has to lie in the model's own folder"
            )
        self.includes += 1
        if self.includes > MAX_INCLUDES:
            raise UnreadableRequirements(
                f"`{shown}`: requirements include more than {MAX_INCLUDES} files, or themselves"
            )
        self._read(self.folder.text(path), path.parent, are_constraints=are_constraints)

    def _allowed(self, option: RequirementOption, base: Path) -> RequirementOption:
        if option.name not in INDEXES:
            _refuse_variables(option.value)
            return option
        if "://" in option.value and not option.value.lower().startswith("file:"):
            self.rule.check(option.value, self.resolve)
            return option
        path = self._local(_path_of(option.value), base)
        if path is None or not path.is_dir():
            shown = redact_credentials(option.text)
            raise UnreadableRequirements(
                f"`{shown}` names no folder of the model; others are allowed with {PATHS_SETTING}"
            )
        return RequirementOption(option.name, str(path))

    def _take(self, wanted: PackageRequirement, base: Path, into: list[PackageRequirement]) -> None:
        if not wanted.place:
            _refuse_variables(wanted.written)
            into.append(wanted)
        elif wanted.is_address:
            self.rule.check(wanted.place, self.resolve)
            into.append(wanted)
        elif found := self._of_files(wanted, base):
            into.append(found)

    def _of_files(self, wanted: PackageRequirement, base: Path) -> PackageRequirement | None:
        """The line with the place found; None where it is of another machine, and left out."""
        written = _path_of(wanted.place)
        path = self._local(written, base)
        if path is not None and (path.is_file() or is_project(path)):
            return replace(wanted, place=str(path), digest=digest_of(path))
        if wanted.name or written.endswith(ARCHIVES):
            raise UnreadableRequirements(
                f"`{wanted.shown}` names no package among the model's files; others are allowed with {PATHS_SETTING}"
            )
        # MLflow writes down the whole project where a model is logged in one that uv manages, its folders too.
        self.warnings.append(f"{wanted.shown} is left out: a folder of the machine that logged the model")
        return None

    def _local(self, written: str, base: Path) -> Path | None:
        """A path of the model, seen from the file that names it, or from the model; or one that is allowed."""
        found = self.folder.find(written, base) or self.folder.find(written)
        if found is not None or not Path(written).is_absolute():
            return found
        path = Path(written).resolve()
        return path if self.rule.allows_path(path) and path.exists() else None


def _refuse_variables(text: str) -> None:
    """uv would put the value of a variable of the platform in its place, and show it where it does not fit."""
    if VARIABLE in text:
        raise UnreadableRequirements(f"`{redact_credentials(text)}` has a variable in it: only addresses may")


def _path_of(place: str) -> str:
    """`file:code/x.whl` and `file:///srv/x.whl` are paths too."""
    if not place.lower().startswith("file:"):
        return place
    parts = urlsplit(place)
    return unquote(parts.path) if parts.netloc in ("", "localhost") else place
