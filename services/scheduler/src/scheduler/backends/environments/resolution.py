"""What uv resolved (`pylock.toml`, PEP 751): which packages come as wheels, and which have to be built from source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import Version

from scheduler.domain.requirements.comparison import FULL, SKINNY, EnvironmentPackages
from scheduler.domain.requirements.lines import PackageRequirement


@dataclass(frozen=True)
class Resolution:
    """Lines for an installer, every package of the environment once. `sources`: those that run code to be built."""

    wheels: tuple[str, ...]
    sources: tuple[str, ...] = ()


def read_resolution(text: str, packages: EnvironmentPackages, places: Mapping[PackageRequirement, str]) -> Resolution:
    """From the lock file; `places` has the line for each package that was wanted by its place.

    Raises:
        ValueError: it is none, or has something in it that is no name or no version.
    """
    hashes = {wanted.name: wanted.hashes for wanted in packages.wanted if wanted.hashes and not wanted.place}
    wheels: list[str] = []
    sources: list[str] = []
    pins: dict[str, str] = {}
    for found in tomllib.loads(text).get("packages", ()):
        if {"directory", "vcs", "archive"} & found.keys():
            continue  # wanted by its place
        # A lock file that was made while packages were built for their metadata may say anything.
        name, version = canonicalize_name(found["name"], validate=True), str(Version(found["version"]))
        pins[name] = version
        line = " ".join([f"{name}=={version}", *(f"--hash={each}" for each in hashes.get(name, ()))])
        (wheels if "wheels" in found else sources).append(line)
    if not packages.is_full and FULL in pins:
        wheels = [line for line in wheels if not line.startswith(f"{FULL}==")]
        if SKINNY not in pins:
            wheels.append(f"{SKINNY}=={pins[FULL]}")
    for wanted, line in places.items():
        (wheels if is_wheel(wanted) else sources).append(line)
    return Resolution(tuple(wheels), tuple(sources))


def is_wheel(wanted: PackageRequirement) -> bool:
    """Whether its place holds a wheel, which runs no code to be installed."""
    return wanted.place.partition("#")[0].partition("?")[0].endswith(".whl")
