"""`penstock images`: the runtime images that pods of models run in, on Docker. For whoever runs the platform here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from penstock.launcher.home import LaunchError

app = typer.Typer(help="Runtime images of models' pods, built from this checkout.", no_args_is_help=True)

ROOT = Path(__file__).resolve().parents[5]
DOCKERFILE = Path("deploy/runtime/Dockerfile")
TOOLS = ("docker", "podman")
BASE_IMAGE = "python:{python}-slim"
IMAGE = "penstock-runtime:py{python}"
PYTHONS = ("3.11", "3.12", "3.13")


@app.command()
def build(
    python: Annotated[list[str] | None, typer.Option(help="Minor version of Python; may be repeated.")] = None,
    base: Annotated[
        str, typer.Option(help="Image that it is made from; `{python}` is the version.", envvar="PYTHON_IMAGE")
    ] = BASE_IMAGE,
    name: Annotated[str, typer.Option(help="Name of the image; `{python}` is the version.")] = IMAGE,
    index: Annotated[str, typer.Option(help="Package index, where it is not PyPI.", envvar="UV_DEFAULT_INDEX")] = "",
    network: Annotated[str, typer.Option(help="Network of the build, such as `host`.")] = "default",
) -> None:
    """Build an image for each version of Python that models are to run in; by default for 3.11."""
    tool = next((each for each in TOOLS if shutil.which(each)), None)
    if tool is None:
        raise LaunchError("images are built with docker or podman, and neither is here")
    if not (ROOT / DOCKERFILE).is_file():
        raise LaunchError(f"images are built from a checkout, and {ROOT} is none")
    for version in python or PYTHONS[:1]:
        if version not in PYTHONS:
            raise LaunchError(f"models are served in Python {', '.join(PYTHONS)}, not in {version}")
        _build(tool, name.format(python=version), base.format(python=version), index, network)


def _build(tool: str, image: str, base: str, index: str, network: str) -> None:
    arguments = [f"PYTHON_IMAGE={base}", *([f"UV_DEFAULT_INDEX={index}"] if index else [])]
    given = [part for argument in arguments for part in ("--build-arg", argument)]
    command = [tool, "build", "--network", network, "-f", str(DOCKERFILE), "-t", image, *given, "."]
    if subprocess.run(command, cwd=ROOT, env=dict(os.environ), check=False).returncode:  # noqa: S603
        raise LaunchError(f"{image} was not built; see above")
    print(image)
