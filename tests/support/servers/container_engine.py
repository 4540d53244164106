"""The container engine that tests of the Docker backend run on; they are skipped, with the reason, where none answers.

`TEST_ENGINE`: its address, default Docker's socket. `TEST_PYTHON_IMAGE`: an image with a `python3`, default
`python:3.11-slim`; it is not pulled.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache

ADDRESS = os.environ.get("TEST_ENGINE", "unix:///var/run/docker.sock")
IMAGE = os.environ.get("TEST_PYTHON_IMAGE", "python:3.11-slim")


@cache
def missing_engine() -> str | None:
    """Why there is no engine to test on; None where there is one."""
    if shutil.which("docker") is None:
        return "no docker command"
    try:
        docker("version", "--format", "{{.Server.Version}}")
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return f"no container engine answers at {ADDRESS}"
    return None if python_image() else f"no image {IMAGE} on this machine (TEST_PYTHON_IMAGE names another)"


@cache
def python_image() -> str | None:
    """The id of the image that fake pods run in."""
    try:
        return docker("image", "inspect", "--format", "{{.Id}}", IMAGE).strip()
    except subprocess.CalledProcessError:
        return None


def docker(*arguments: str) -> str:
    """What the engine's own command says. Raises `CalledProcessError`."""
    command = ["docker", "--host", ADDRESS, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def containers(*labels: str) -> list[str]:
    """Ids of containers, running or not, with these labels."""
    filters = [part for label in labels for part in ("--filter", f"label={label}")]
    return docker("ps", "--all", "--quiet", "--no-trunc", *filters).split()


def inspect(container: str) -> dict[str, object]:
    """All that the engine knows of a container."""
    found: list[dict[str, object]] = json.loads(docker("inspect", container))
    return found[0]
