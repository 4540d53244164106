"""What MLflow's environment files say: `MLmodel`, `python_env.yaml`, `conda.yaml` (the layouts of MLflow 1 to 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scheduler.domain.requirements.lines import UnreadableRequirements
from shared.security.bounded_yaml import load_yaml

CONDA_NAMES = {
    "pytorch": "torch", "py-xgboost": "xgboost", "py-lightgbm": "lightgbm", "matplotlib-base": "matplotlib",
    "py-opencv": "opencv-python-headless", "tensorflow-base": "tensorflow", "dask-core": "dask",
}  # fmt: skip
"""Names of conda's packages that PyPI has under another name."""
_NOT_PACKAGES = frozenset({"python", "pip"})
_CONDA = re.compile(r"^(?:[\w./-]+::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<version>[=<>!~\d].*)?$")
_VERSION = re.compile(r"^={0,2}\s*(?P<number>\d[\w.+!]*?)(?P<star>\.?\*)?(?:[=\s]\S+)?$")
_PLAIN = re.compile(r"^\d+(\.\d+)+")


@dataclass(frozen=True)
class ModelDescription:
    """Of an `MLmodel` file: the names of the files that describe its environment, and the Python that it names."""

    conda: str = "conda.yaml"
    python_env: str = "python_env.yaml"
    python: str | None = None


@dataclass(frozen=True)
class PythonEnv:
    """Of a `python_env.yaml`."""

    python: str | None = None
    build_dependencies: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True)
class CondaEnv:
    """Of a `conda.yaml`: `pip` is its section of that name, `packages` conda's own as requirements by name."""

    python: str | None = None
    pip: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


def read_mlmodel(text: str) -> ModelDescription:
    """An `MLmodel` file; what it does not say is as MLflow has it by default."""
    function = _mapping(_mapping(_mapping(load_yaml(text)).get("flavors")).get("python_function"))
    env = function.get("env")
    names = {"conda": env} if isinstance(env, str) else _mapping(env)
    default = ModelDescription()
    return ModelDescription(
        str(names.get("conda") or default.conda),
        str(names.get("virtualenv") or default.python_env),
        _python(function.get("python_version")),
    )


def read_python_env(text: str, name: str) -> PythonEnv:
    """A `python_env.yaml`. Raises `UnreadableRequirements`."""
    said = _described(text, name)
    return PythonEnv(
        _python(said.get("python")), _texts(said.get("build_dependencies")), _texts(said.get("dependencies"))
    )


def read_conda_env(text: str, name: str) -> CondaEnv:
    """A `conda.yaml`. Raises `UnreadableRequirements`, also for a version that pip has no form for."""
    parts = _described(text, name).get("dependencies")
    parts = parts if isinstance(parts, list) else []
    pip = tuple(line for part in parts if isinstance(part, Mapping) for line in _texts(part.get("pip")))
    own = [part for part in parts if isinstance(part, str)]
    python = next((found["version"] for part in own if (found := _CONDA.match(part)) and found["name"] == "python"), "")
    number = _VERSION.match((python or "").strip())
    return CondaEnv(_python(number["number"]) if number else None, pip, tuple(_packages(own, name)))


def _packages(parts: Iterable[str], file: str) -> Iterable[str]:
    for part in parts:
        found = _CONDA.match(part.strip())
        version = _specifier((found["version"] or "").strip()) if found else None
        if found is None or version is None:
            raise UnreadableRequirements(f"{file} asks for `{part[:100]}`, which cannot be installed with pip")
        if found["name"].lower() not in _NOT_PACKAGES:
            name = found["name"].lower()
            yield CONDA_NAMES.get(name, name) + version


def _specifier(version: str) -> str | None:
    """Conda's version as pip's: `=1.2` is any 1.2; a build (`=1.2=py38_0`) does not count; None: it has none."""
    if not version:
        return ""
    if found := _VERSION.match(version):
        is_exact = version.startswith("==") and not found["star"]
        return f"=={found['number']}" + ("" if is_exact else ".*")
    if re.fullmatch(r"[<>!~]=?\s*[\w.+!*]+(\s*,\s*[<>!=~]=?\s*[\w.+!*]+)*", version):
        return version
    return None


def _described(text: str, name: str) -> Mapping[str, Any]:
    said = load_yaml(text)
    if not isinstance(said, Mapping):
        raise UnreadableRequirements(f"{name} is not the YAML that MLflow writes")
    return said


def _python(value: Any) -> str | None:
    """`3.11.7` or `3.11`; an unquoted 3.10 in YAML is the number 3.1, which no Python is."""
    text = "3.10" if value == 3.1 else str(value)
    return text if _PLAIN.match(text) else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
