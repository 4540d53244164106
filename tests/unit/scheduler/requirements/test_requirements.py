"""Whether an environment satisfies a model, and what one for it is made of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.domain.requirements.comparison import (
    ModelRequirements,
    compare_environment,
    environment_key,
    packages_for,
    unserved_python,
    without_bounds,
)
from scheduler.domain.requirements.lines import PackageRequirement, RequirementOption, read_line

INSTALLED = {"numpy": "2.3.5", "scikit-learn": "1.7.2", "mlflow-skinny": "3.17.2", "skops": "0.13.0"}


def wanted(*lines: str) -> tuple[PackageRequirement, ...]:
    return tuple(found for line in lines if isinstance(found := read_line(line), PackageRequirement))


def needs(*lines: str, python: str | None = None) -> ModelRequirements:
    return ModelRequirements(wanted(*lines), python)


def texts(found: ModelRequirements, *runtime: str) -> set[str]:
    return {each.text for each in packages_for(found, runtime).wanted}


@pytest.mark.parametrize(
    "line",
    [
        "numpy==2.3.5",
        "scikit_learn>=1.7",
        "mlflow==3.17.2",
        "numpy",
        "pywin32==300; sys_platform == 'win32'",
        "scikit-learn[alldeps]==1.7.2",
    ],
)
def test_met(line: str) -> None:
    assert compare_environment(needs(line), INSTALLED, "3.11.7").unmet == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("numpy==2.3.4", "numpy==2.3.4 (here: 2.3.5)"),
        ("xgboost==3.0", "xgboost==3.0 (not installed)"),
        ("mlflow==2.9.2", "mlflow==2.9.2 (here: 3.17.2)"),
        ("git+https://u:p@x.org/a.git", "git+https://****@x.org/a.git (an address; it has to be resolved)"),
        ("numpy @ https://x.org/n.whl", "numpy @ https://x.org/n.whl (an address; it has to be resolved)"),
    ],
)
def test_unmet(line: str, told: str) -> None:
    assert compare_environment(needs(line), INSTALLED, "3.11.7").unmet == (told,)


def test_options_and_constraints_are_unmet_by_what_they_change() -> None:
    index = ModelRequirements(wanted("numpy"), options=(RequirementOption("--index-url", "https://u:p@h/"),))
    assert compare_environment(index, INSTALLED, "3.11").unmet == (
        "--index-url https://****@h/ (an option; it has to be resolved)",
    )
    limits = ModelRequirements(wanted("numpy"), constraints=wanted("numpy<2", "scipy<1"))
    assert compare_environment(limits, INSTALLED, "3.11").unmet == ("numpy<2 (here: 2.3.5)",)


def test_test_tools_and_extras_only_warn() -> None:
    found = compare_environment(needs("pytest==1.0", "numpy[all]==2.3.5"), INSTALLED, "3.11.7")
    assert found.unmet == ()
    assert len(found.warnings) == 2
    assert "pytest==1.0" not in texts(needs("pytest==1.0"))


def test_another_patch_of_python_will_do_another_minor_will_not() -> None:
    assert compare_environment(needs(python="3.11.2"), INSTALLED, "3.11.7").unmet == ()
    assert compare_environment(needs(python="3.12.2"), INSTALLED, "3.11.7").unmet == ("Python 3.12 (here: 3.11)",)


@pytest.mark.parametrize(
    ("python", "is_served"), [("3.8.18", 0), ("3.10", 0), ("3.11.0", 1), ("3.13.9", 1), ("3.14", 0)]
)
def test_a_python_that_cannot_serve_is_named(python: str, is_served: bool) -> None:
    why = unserved_python(python)
    assert (why is None) == bool(is_served)
    assert why is None or (python.rpartition(".18")[0] or python) in why


def test_an_environment_has_mlflow_with_its_bounds_pandas_and_numpy() -> None:
    assert texts(needs("mlflow==3.4.0", "pandas==2.3.3"), "orjson>=3") == {
        *("mlflow==3.4.0", "pandas==2.3.3", "numpy", "orjson>=3")
    }
    assert texts(needs("mlflow-skinny==3.4.0")) == {"mlflow-skinny==3.4.0", "mlflow==3.4.0", "numpy", "pandas"}
    assert texts(needs("toolz")) == {"toolz", "mlflow", "numpy", "pandas"}
    found = packages_for(needs("mlflow==3.4.0", "pyarrow"), ())
    assert "flask" in found.without
    assert "pyarrow" not in found.without
    assert {each.text for each in without_bounds(found).wanted} == {
        "mlflow-skinny==3.4.0",
        "pyarrow",
        "numpy",
        "pandas",
    }
    whole = packages_for(needs("mlflow[extras]==3.4.0"), ())
    assert whole.is_full
    assert whole.without == ()


@pytest.mark.parametrize(
    ("line", "is_needed"),
    [
        ("mlflow==2.14.3", True),
        ("mlflow-skinny==1.30.1", True),
        ("mlflow<2.16,>=2.9", True),
        ("mlflow~=2.9", True),
        ("mlflow==2.16.0", False),
        ("mlflow>=2.9", False),
        ("mlflow", False),
    ],
)
def test_an_old_mlflow_has_the_setuptools_of_its_time(line: str, is_needed: bool) -> None:
    assert ("setuptools<81" in texts(needs(line))) == is_needed
    own = replace(needs(line), build_dependencies=wanted("pip", "setuptools==69.5.1", "wheel==0.1"))
    assert "setuptools==69.5.1" in texts(own)
    assert not {"setuptools<81", "pip", "wheel==0.1"} & texts(own)
    unbound = replace(needs(line), build_dependencies=wanted("setuptools"))
    assert {"setuptools", "setuptools<81"} & texts(unbound) == {"setuptools<81" if is_needed else "setuptools"}


def test_the_key_names_the_content() -> None:
    def key(
        lines: tuple[PackageRequirement, ...], python: str = "3.11.7", runtime: str = "r1", **others: tuple[str, ...]
    ) -> str:
        found = packages_for(ModelRequirements(lines, constraints=wanted(*others.get("limits", ()))), ())
        return environment_key(found, python, runtime)

    one = key(wanted("a", "b"))
    assert one == key(wanted("b", "a"), "3.11.2")
    local = replace(wanted("code/x.whl")[0], digest="d1")
    others = [
        key(wanted("a", "b"), "3.12.0"),
        key(wanted("a", "b"), "3.11.7", "r2"),
        key(wanted("a")),
        key(wanted("a", "b"), limits=("a<2",)),
        key((local,)),
        key((replace(local, digest="d2"),)),
    ]
    assert len({one, *others}) == 7
