from __future__ import annotations

import pytest

from scheduler.domain.requirements import ModelNeeds, compare, environment_key, requirement_lines, to_install

INSTALLED = {"numpy": "2.3.5", "scikit-learn": "1.7.2", "mlflow-skinny": "3.17.2", "skops": "0.13.0"}


def needs(*lines: str, python: str | None = None) -> ModelNeeds:
    return ModelNeeds(lines, python)


def test_lines_without_comments_and_continuations() -> None:
    text = "# made by mlflow\nmlflow==3.17.2\n\nnumpy==2.3.5  # pinned\nscipy \\\n  >=1\n"
    assert requirement_lines(text) == ("mlflow==3.17.2", "numpy==2.3.5", "scipy    >=1")


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
    assert compare(needs(line), INSTALLED, "3.11.7").unmet == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("numpy==2.3.4", "numpy==2.3.4 (here: 2.3.5)"),
        ("xgboost==3.0", "xgboost==3.0 (not installed)"),
        ("mlflow==2.9.2", "mlflow==2.9.2 (here: 3.17.2)"),
        ("git+https://x.org/a.git", "git+https://x.org/a.git (an option or address; it has to be resolved)"),
        ("-r more.txt", "-r more.txt (an option or address; it has to be resolved)"),
        ("numpy @ https://x.org/n.whl", "numpy @ https://x.org/n.whl (an address; it has to be resolved)"),
    ],
)  # fmt: skip
def test_unmet(line: str, told: str) -> None:
    assert compare(needs(line), INSTALLED, "3.11.7").unmet == (told,)


def test_test_tools_and_extras_only_warn() -> None:
    found = compare(needs("pytest==1.0", "numpy[all]==2.3.5"), INSTALLED, "3.11.7")
    assert found.unmet == ()
    assert len(found.warnings) == 2


@pytest.mark.parametrize(
    "line", ["-e .", "-e ./tools", "--editable=../tools", "./tools", "/home/me/tools", "-e file:///home/me/tools"]
)
def test_folders_of_the_machine_that_logged_the_model_are_left_out(line: str) -> None:
    found = compare(needs(line, "numpy==2.3.5"), INSTALLED, "3.11.7")
    assert found.unmet == ()
    assert found.warnings == (f"{line} is left out: a folder of the machine that logged the model",)
    assert to_install(needs(line, "numpy==2.0"), []) == ("numpy==2.0", "mlflow-skinny")


@pytest.mark.parametrize("line", ["-e git+https://x.org/a.git#egg=a", "--extra-index-url https://x.org/simple"])
def test_addresses_and_options_are_not(line: str) -> None:
    assert compare(needs(line), INSTALLED, "3.11.7").warnings == ()
    assert line in to_install(needs(line), [])


def test_another_patch_of_python_will_do_another_minor_will_not() -> None:
    assert compare(needs(python="3.11.2"), INSTALLED, "3.11.7").unmet == ()
    assert compare(needs(python="3.12.2"), INSTALLED, "3.11.7").unmet == ("Python 3.12 (here: 3.11)",)


def test_mlflow_becomes_skinny_with_what_it_would_have_brought() -> None:
    lines = to_install(needs("mlflow==3.17.2", "pandas==2.3.3", "pytest==8.0"), ["orjson>=3"])
    assert lines == ("mlflow-skinny==3.17.2", "skops", "pandas==2.3.3", "orjson>=3")
    assert to_install(needs("mlflow[extras]==3.17.2"), []) == ("mlflow[extras]==3.17.2",)
    assert to_install(needs("numpy"), []) == ("numpy", "mlflow-skinny")


def test_the_key_names_the_content() -> None:
    key = environment_key(["a", "b"], "3.11.7", "r1")
    assert key == environment_key(["b", "a"], "3.11.2", "r1")
    assert key != environment_key(["a", "b"], "3.12.0", "r1")
    assert key != environment_key(["a", "b"], "3.11.7", "r2")
    assert key != environment_key(["a"], "3.11.7", "r1")
