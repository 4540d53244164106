"""Whether an environment satisfies a model's `requirements.txt`, and what to install where it does not.

Reading of MLflow's files: `mlflow==X` is met by `mlflow-skinny` X (plus `skops` and pandas, which full MLflow brings
along and models rely on); pins of test tools are noise of the machine that logged the model, so an unmet one warns.
MLflow writes down the whole project where a model is logged in one that uv manages, its folders (`-e ./tools`) too:
those are on that machine alone, and are left out with a warning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

TEST_TOOLS = frozenset(
    {"pytest", "pytest-asyncio", "pytest-cov", "pytest-mock", "pytest-timeout", "pytest-xdist", "hypothesis",
     "coverage", "tox", "nox", "mypy", "ruff", "black", "flake8", "pylint", "pre-commit", "import-linter"}
)  # fmt: skip
BROUGHT_BY_MLFLOW = ("pandas", "skops")
"""What models logged with full MLflow need of it beyond `mlflow-skinny`."""


@dataclass(frozen=True)
class ModelNeeds:
    """What a model's files ask for: requirement lines and a Python version (`3.11.7`), as written."""

    lines: tuple[str, ...] = ()
    python: str | None = None


@dataclass(frozen=True)
class Comparison:
    """What is not met (then something must be built), and what is not met but does not matter."""

    unmet: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def requirement_lines(text: str) -> tuple[str, ...]:
    """Lines of a requirements file without comments and blanks; continued lines are joined."""
    joined = text.replace("\\\n", " ")
    stripped = (line.split(" #", 1)[0].strip() for line in joined.splitlines())
    return tuple(line for line in stripped if line and not line.startswith("#"))


def is_folder(line: str) -> bool:
    """Whether a line names a folder or file of its own machine: `-e .`, `./tools`, `/home/me/tools`, `-e file:///…`."""
    option, _, rest = line.partition(" ")
    path = rest.strip() if option in ("-e", "--editable") else line.removeprefix("--editable=")
    return path.startswith((".", "/", "file:"))


def compare(needs: ModelNeeds, installed: Mapping[str, str], python: str) -> Comparison:
    """Hold `needs` against what is installed (canonical name → version) under Python `python` (`3.11`)."""
    unmet: list[str] = []
    warnings: list[str] = []
    if needs.python and _minor(needs.python) != _minor(python):
        unmet.append(f"Python {_minor(needs.python)} (here: {_minor(python)})")
    for line in needs.lines:
        if is_folder(line):
            warnings.append(f"{line} is left out: a folder of the machine that logged the model")
            continue
        problem = _problem(line, installed)
        if problem:
            (warnings if _name(line) in TEST_TOOLS else unmet).append(problem)
        elif extras := _extras(line):
            warnings.append(f"{line}: extras {', '.join(extras)} are not checked")
    return Comparison(tuple(unmet), tuple(warnings))


def _problem(line: str, installed: Mapping[str, str]) -> str | None:
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return f"{line} (an option or address; it has to be resolved)"
    if wanted.marker and not wanted.marker.evaluate():
        return None
    if wanted.url:
        return f"{line} (an address; it has to be resolved)"
    name = canonicalize_name(wanted.name)
    found = installed.get(name) or (installed.get("mlflow-skinny") if name == "mlflow" else None)
    if found is None:
        return f"{line} (not installed)"
    return None if _meets(wanted, found) else f"{line} (here: {found})"


def _meets(wanted: Requirement, found: str) -> bool:
    try:
        return wanted.specifier.contains(Version(found), prereleases=True)
    except InvalidVersion:
        return False


def _name(line: str) -> str:
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return ""


def _extras(line: str) -> list[str]:
    return sorted(Requirement(line).extras)


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def to_install(needs: ModelNeeds, runtime: Sequence[str]) -> tuple[str, ...]:
    """Requirement lines of an environment for a model: its own with `mlflow-skinny` for `mlflow`, and the runtime's."""
    lines: list[str] = []
    for line in needs.lines:
        if _name(line) in TEST_TOOLS or is_folder(line):
            continue
        lines.append(_skinny(line))
        if _name(line) == "mlflow" and lines[-1] != line:
            lines.extend(extra for extra in BROUGHT_BY_MLFLOW if extra not in map(_name, needs.lines))
    if not {"mlflow", "mlflow-skinny"} & set(map(_name, needs.lines)):
        lines.append("mlflow-skinny")
    return (*lines, *runtime)


def _skinny(line: str) -> str:
    """`mlflow==X` → `mlflow-skinny==X`; with extras it stays what it is."""
    if _name(line) != "mlflow" or _extras(line) or Requirement(line).url:
        return line
    return "mlflow-skinny" + line.strip()[len("mlflow") :]


def environment_key(lines: Sequence[str], python: str, runtime_digest: str) -> str:
    """Name of the environment with this content, whatever the order of the lines."""
    content = "\n".join([f"python {_minor(python)}", f"runtime {runtime_digest}", *sorted(lines)])
    return hashlib.sha256(content.encode()).hexdigest()[:24]
