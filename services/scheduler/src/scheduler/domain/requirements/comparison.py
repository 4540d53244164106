"""Whether an environment satisfies a model, and what to install where it does not.

Reading of MLflow's requirements: `mlflow==X` is met by `mlflow-skinny` X; pins of test tools are noise of the machine
that logged the model, so an unmet one warns. What is installed for a model has the bounds of full MLflow, whichever
of the two it names: MLflow 2.14 does not work with pandas 3, and only the metadata of full MLflow says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from scheduler.domain.requirements.lines import PackageRequirement, RequirementOption, read_line

TEST_TOOLS = frozenset(
    {"pytest", "pytest-asyncio", "pytest-cov", "pytest-mock", "pytest-timeout", "pytest-xdist", "hypothesis",
     "coverage", "tox", "nox", "mypy", "ruff", "black", "flake8", "pylint", "pre-commit", "import-linter"}
)  # fmt: skip
SERVED_PYTHONS = ((3, 11), (3, 13))
"""Oldest and newest that the model server, and the libraries that it needs, run in."""
FULL, SKINNY = "mlflow", "mlflow-skinny"
ALWAYS = ("numpy", "pandas")
"""What the model server needs of any MLflow, and `mlflow-skinny` does not bring."""
SERVER_ONLY = ("alembic", "docker", "flask", "flask-cors", "graphene", "gunicorn", "huey", "markdown", "matplotlib",
               "prometheus-flask-exporter", "pyarrow", "querystring-parser", "sqlalchemy", "waitress")  # fmt: skip
"""What full MLflow brings for its server, plots and Spark: not installed where the model does not name it."""
WITHOUT_PKG_RESOURCES = Version("2.16")
"""The first MLflow that does not import `pkg_resources`, which setuptools has lost since."""
SETUPTOOLS = "setuptools<81"


@dataclass(frozen=True)
class ModelRequirements:
    """What a model's files ask for; Python (`3.11.7`) as written."""

    wanted: tuple[PackageRequirement, ...] = ()
    python: str | None = None
    constraints: tuple[PackageRequirement, ...] = ()
    options: tuple[RequirementOption, ...] = ()
    build_dependencies: tuple[PackageRequirement, ...] = ()
    warnings: tuple[str, ...] = ()
    """What is left out or taken otherwise than written."""


@dataclass(frozen=True)
class EnvironmentComparison:
    """What is not met (then something must be built), and what is not met but does not matter."""

    unmet: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnvironmentPackages:
    """What an environment is made of; all of it is resolved together."""

    wanted: tuple[PackageRequirement, ...]
    constraints: tuple[PackageRequirement, ...] = ()
    options: tuple[RequirementOption, ...] = ()
    without: tuple[str, ...] = ()
    """Names that are not installed although something in it asks for them."""
    is_full: bool = False
    """Whether MLflow itself is installed, and not `mlflow-skinny` in its place."""


def compare_environment(needs: ModelRequirements, installed: Mapping[str, str], python: str) -> EnvironmentComparison:
    """Hold `needs` against what is installed (canonical name → version) under Python `python` (`3.11`)."""
    unmet: list[str] = []
    warnings: list[str] = list(needs.warnings)
    if needs.python and minor_of(needs.python) != minor_of(python):
        unmet.append(f"Python {minor_of(needs.python)} (here: {minor_of(python)})")
    unmet.extend(f"{_shown(option)} (an option; it has to be resolved)" for option in needs.options)
    for wanted in needs.wanted:
        problem = _problem(wanted, installed)
        if problem:
            (warnings if wanted.name in TEST_TOOLS else unmet).append(problem)
        elif wanted.extras:
            warnings.append(f"{wanted.shown}: extras {', '.join(wanted.extras)} are not checked")
    limits = [_problem(limit, installed) for limit in needs.constraints if limit.name in installed]
    unmet.extend(problem for problem in limits if problem)
    return EnvironmentComparison(tuple(unmet), tuple(warnings))


def _shown(option: RequirementOption) -> str:
    return PackageRequirement(written=option.text).shown


def _problem(wanted: PackageRequirement, installed: Mapping[str, str]) -> str | None:
    if wanted.marker and not Requirement(f"x; {wanted.marker}").marker.evaluate():  # type: ignore[union-attr]
        return None
    if wanted.place:
        what = "a file of the model" if wanted.digest else "an address; it has to be resolved"
        return f"{wanted.shown} ({what})"
    found = installed.get(wanted.name) or (installed.get(SKINNY) if wanted.name == FULL else None)
    if found is None:
        return f"{wanted.shown} (not installed)"
    return None if _meets(wanted, found) else f"{wanted.shown} (here: {found})"


def _meets(wanted: PackageRequirement, found: str) -> bool:
    try:
        return SpecifierSet(wanted.specifier).contains(Version(found), prereleases=True)
    except InvalidVersion:
        return False


def minor_of(version: str) -> str:
    """`3.11` of `3.11.7`."""
    return ".".join(version.split(".")[:2])


def unserved_python(python: str) -> str | None:
    """Why no model can be served in this Python; None where it can."""
    first, last = SERVED_PYTHONS
    if first <= tuple(int(part) for part in minor_of(python).split(".")) <= last:
        return None
    return (
        f"the model asks for Python {minor_of(python)}, and models are served in {first[0]}.{first[1]} to "
        f"{last[0]}.{last[1]}: log it with one of these"
    )


def packages_for(needs: ModelRequirements, runtime: Sequence[str]) -> EnvironmentPackages:
    """What an environment for a model holds: its own, MLflow with its bounds, and the model server's."""
    own = [wanted for wanted in needs.wanted if wanted.name not in TEST_TOOLS]
    names = {wanted.name for wanted in own}
    mlflow = next((wanted for wanted in own if wanted.name in (FULL, SKINNY) and not wanted.place), None)
    specifier = mlflow.specifier if mlflow else ""
    built_with = [each for each in needs.build_dependencies if each.name == "setuptools" and each.name not in names]
    added = [name for name in ALWAYS if name not in names]
    if not any(wanted.name == FULL for wanted in own):
        added.append(FULL + specifier)
    if _imports_pkg_resources(specifier) and not _is_bound(built_with, names):
        built_with = [each for each in built_with if each.name != "setuptools"]
        added.append(SETUPTOOLS)
    # With extras, or from an address, it is installed as it is: what its server needs may be just what is wanted.
    is_full = any(wanted.name == FULL and (wanted.extras or wanted.place) for wanted in own)
    without = () if is_full else tuple(name for name in SERVER_ONLY if name not in names)
    lines = [*own, *built_with, *(_wanted(line) for line in (*added, *runtime))]
    return EnvironmentPackages(tuple(lines), needs.constraints, needs.options, without, is_full)


def without_bounds(packages: EnvironmentPackages) -> EnvironmentPackages:
    """The same with `mlflow-skinny` in MLflow's place, for pins that go beyond what MLflow was made for."""
    names = {wanted.name for wanted in packages.wanted}
    lines = [wanted for wanted in packages.wanted if wanted.name != FULL]
    for wanted in packages.wanted:
        if wanted.name == FULL and SKINNY not in names:
            marker = f" ; {wanted.marker}" if wanted.marker else ""
            lines.append(_wanted(f"{SKINNY}{wanted.specifier}{marker}"))
    return EnvironmentPackages(tuple(lines), packages.constraints, packages.options, packages.without)


def _wanted(line: str) -> PackageRequirement:
    found = read_line(line)
    assert isinstance(found, PackageRequirement)
    return found


def _is_bound(build_dependencies: Sequence[PackageRequirement], names: set[str]) -> bool:
    return "setuptools" in names or any(each.name == "setuptools" and each.specifier for each in build_dependencies)


def _imports_pkg_resources(specifier: str) -> bool:
    """Whether an MLflow of this specifier may be one that does; without a specifier it is the newest."""
    pins = [each for each in SpecifierSet(specifier) if each.operator in ("==", "===", "~=", "<", "<=")]
    try:
        bounds = [(each.operator, Version(each.version.removesuffix(".*"))) for each in pins]
    except InvalidVersion:
        return False
    return any(bound < WITHOUT_PKG_RESOURCES or (operator == "<" and bound == WITHOUT_PKG_RESOURCES)
               for operator, bound in bounds)  # fmt: skip


def environment_key(packages: EnvironmentPackages, python: str, runtime_digest: str) -> str:
    """Name of the environment with this content, whatever the order of the lines."""
    content = [f"python {minor_of(python)}", f"runtime {runtime_digest}"]
    content += sorted(wanted.identity for wanted in packages.wanted)
    content += sorted(f"-c {wanted.identity}" for wanted in packages.constraints)
    content += [option.text for option in packages.options]  # their order counts
    content += [f"without {name}" for name in packages.without]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()[:24]
