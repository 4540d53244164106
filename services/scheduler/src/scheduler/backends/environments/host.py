"""Where models' Pythons run: this machine; a container backend's is its runtime images."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Protocol

import uv
from packaging.utils import canonicalize_name

from scheduler.backends.environments.build_folder import RunStep
from scheduler.domain.requirements.comparison import minor_of


@dataclass(frozen=True)
class OwnEnvironment:
    """The environment that is there without anything being built: its Python and its packages."""

    python: Path
    version: str
    """Whole, such as `3.11.2`."""
    packages: Mapping[str, str]
    """Canonical name → version."""
    identity: str = ""
    """What an environment that is built for it depends on, beside the Python's minor version."""


class EnvironmentHost(Protocol):
    """What runs models, as far as their environments are concerned."""

    def own(self, python: str | None) -> OwnEnvironment:
        """The one for models that ask for this Python (None: for none), or the usual one.

        Raises:
            PreparationFailed: there is none.
        """
        ...

    def interpreter(self, python: str) -> str:
        """What uv makes an environment of this Python from. Raises `PreparationFailed`."""
        ...

    def uv(self, python: str) -> str:
        """Path of uv, where the steps of a build run."""
        ...

    def is_there(self, python: Path) -> bool:
        """Whether an environment with this Python is finished."""
        ...

    def run_step(self, python: str) -> RunStep | None:
        """How steps of a build run; None: as processes of this machine."""
        ...


class MachineHost:
    """This machine: the platform's own environment, and uv's Pythons."""

    def own(self, python: str | None) -> OwnEnvironment:
        """The one that this process runs in."""
        found = ((each.metadata["Name"], each.version) for each in metadata.distributions())
        packages: dict[str, str] = {canonicalize_name(name): version for name, version in found if name}
        return OwnEnvironment(Path(sys.executable), platform.python_version(), packages)

    def interpreter(self, python: str) -> str:
        """This very Python where the minor version is the same, else the version for uv to find."""
        minor = minor_of(python)
        return (
            getattr(sys, "_base_executable", sys.executable) if minor == minor_of(platform.python_version()) else minor
        )

    def uv(self, python: str) -> str:
        """The platform's own."""
        return uv.find_uv_bin()

    def is_there(self, python: Path) -> bool:
        """See `EnvironmentHost.is_there`."""
        return python.exists()

    def run_step(self, python: str) -> RunStep | None:
        """As processes."""
        return None
