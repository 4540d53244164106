"""`MLmodel`, `python_env.yaml` and `conda.yaml`, of MLflow 1 to 3."""

from __future__ import annotations

import pytest

from scheduler.domain.requirements.files import read_conda_env, read_mlmodel, read_python_env
from scheduler.domain.requirements.lines import UnreadableRequirements


def test_mlmodel_names_the_files_and_the_python() -> None:
    old = read_mlmodel("flavors:\n  python_function:\n    env: my_conda.yaml\n    python_version: 3.8.18\n")
    assert (old.conda, old.python) == ("my_conda.yaml", "3.8.18")
    new = read_mlmodel("flavors:\n  python_function:\n    env:\n      virtualenv: venv.yaml\n")
    assert (new.conda, new.python_env, new.python) == ("conda.yaml", "venv.yaml", None)
    assert read_mlmodel("[[[").python_env == "python_env.yaml"


def test_python_env() -> None:
    text = "python: '3.12.1'\nbuild_dependencies: [pip, setuptools==58]\ndependencies:\n- -r requirements.txt\n- a\n"
    found = read_python_env(text, "python_env.yaml")
    assert found.python == "3.12.1"
    assert found.build_dependencies == ("pip", "setuptools==58")
    assert found.dependencies == ("-r requirements.txt", "a")
    assert read_python_env("python: 3.10", "python_env.yaml").python == "3.10"


def test_conda_packages_as_requirements() -> None:
    text = (
        "name: env\nchannels: [defaults]\ndependencies:\n- python=3.11.7\n- pip<=23\n- numpy=1.26\n- scipy==1.11.4\n"
        "- conda-forge::pytorch>=2,<3\n- pandas=2.1.4=py311_0\n- humanize\n- pip:\n  - mlflow==2.9.2\n  - -r x.txt\n"
    )
    found = read_conda_env(text, "conda.yaml")
    assert found.python == "3.11.7"
    assert found.pip == ("mlflow==2.9.2", "-r x.txt")
    assert found.packages == ("numpy==1.26.*", "scipy==1.11.4", "torch>=2,<3", "pandas==2.1.4.*", "humanize")


@pytest.mark.parametrize("part", ["numpy[version='>=1']", "numpy=1|2", "_openmp_mutex *", "a b c d"])
def test_a_version_that_pip_cannot_say_is_named(part: str) -> None:
    with pytest.raises(UnreadableRequirements, match=r"conda\.yaml asks for"):
        read_conda_env(f'dependencies:\n- "{part}"\n', "conda.yaml")


@pytest.mark.parametrize("text", ["[[[", "- a", "a: &x [*x]"])
def test_what_is_no_yaml_is_named(text: str) -> None:
    with pytest.raises(UnreadableRequirements, match=r"conda\.yaml is not"):
        read_conda_env(text, "conda.yaml")
