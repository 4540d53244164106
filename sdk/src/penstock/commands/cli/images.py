"""Options of versions that are made from container images, and the `model_source` that they say."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.commands.cli.arguments import parse_model_source

Image = Annotated[
    str | None, typer.Option("--image", help="REGISTRY/REPOSITORY:TAG of a container image, instead of a model.")
]
PullSecret = Annotated[
    str | None, typer.Option("--pull-secret", help="Secret of the kind `registry` that the image is pulled with.")
]
Command = Annotated[
    str | None, typer.Option("--command", help="'python -m serve': replaces the image's own start command.")
]
Args = Annotated[str | None, typer.Option("--args", help="'--workers 2': arguments of the start command.")]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65_535, help="Where the image listens; 8080.")]
HealthPath = Annotated[str | None, typer.Option("--health-path", help="A GET answers 2xx once it is ready; /health.")]
PredictPath = Annotated[str | None, typer.Option("--predict-path", help="Where it takes predictions; /predict.")]
Mounts = Annotated[
    list[str] | None,
    typer.Option(
        "--mount",
        help="PATH=SOURCE, read-only in the container: SOURCE is models:/NAME/3, runs:/ID/PATH, s3://BUCKET/PREFIX, "
        "oci://REGISTRY/REPOSITORY:TAG (Kubernetes) or @FILE of this machine (text); then ,secret=NAME and "
        ",endpoint=URL where needed. May be repeated.",
    ),
]
_OF_ARTIFACTS = ("models:/", "runs:/", "mlflow-artifacts:/")


def parse_image_options(
    image: str | None,
    *,
    pull_secret: str | None = None,
    command: str | None = None,
    args: str | None = None,
    port: int | None = None,
    health_path: str | None = None,
    predict_path: str | None = None,
    mounts: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The fields of an image's `model_source` that were given; none where no option was."""
    found = {
        "image": image,
        "credentials": pull_secret,
        "command": _words(command, "--command"),
        "args": _words(args, "--args"),
        "port": port,
        "health_path": health_path,
        "predict_path": predict_path,
        "mounts": [parse_mount(text) for text in mounts] if mounts else None,
    }
    return {field: value for field, value in found.items() if value is not None}


def choose_source(
    model: str | None, registry: str | None, fields: Mapping[str, Any], *, follow: bool = False
) -> dict[str, Any]:
    """The `model_source` of a new version: from a model, or from an image; a usage error unless it is one of them."""
    if model is not None:
        if fields:
            raise typer.BadParameter("give a model, or --image and the options of an image: not both")
        return parse_model_source(model, registry, follow=follow)
    if "image" not in fields:
        raise typer.BadParameter("give a model (models:/NAME/VERSION), or --image REGISTRY/REPOSITORY:TAG")
    if registry or follow:
        raise typer.BadParameter("--registry and --follow belong to a model, not to an image")
    return {"kind": "image", **fields}


def changed_source(current: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The `model_source` of a version with some options of its image changed."""
    if current["kind"] == "image":
        return {**current, **fields}
    if "image" not in fields:
        raise typer.BadParameter("the version is made from a model: options of images need an --image")
    return {"kind": "image", **fields}


def parse_mount(text: str) -> dict[str, Any]:
    """`/data=s3://lake/wines,secret=lake` as a mount."""
    path, equals, rest = text.partition("=")
    source, *words = rest.split(",")
    options = dict(_option(text, word) for word in words)
    if not path or not equals or not source:
        raise typer.BadParameter(f"{text!r} is not PATH=SOURCE", param_hint="--mount")
    if source.startswith("@"):
        return {"kind": "file", "path": path, "content": _text_of(source[1:]), **_only(text, options, {})}
    if source.startswith("s3://"):
        named = _only(text, options, {"secret": "credentials", "endpoint": "endpoint"})
        return {"kind": "s3", "path": path, "uri": source, **named}
    if source.startswith("oci://"):
        return {"kind": "oci", "path": path, "uri": source, **_only(text, options, {"secret": "credentials"})}
    if source.startswith(_OF_ARTIFACTS):
        return {"kind": "artifact", "path": path, "uri": source, **_only(text, options, {"secret": "registry"})}
    known = f"{', '.join(_OF_ARTIFACTS)}, s3://, oci:// or @FILE"
    raise typer.BadParameter(f"{source!r} is no source of a mount: it begins with {known}", param_hint="--mount")


def _option(text: str, word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals or not value:
        raise typer.BadParameter(f"{word!r} of {text!r} is not secret=NAME or endpoint=URL", param_hint="--mount")
    return name, value


def _only(text: str, options: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, str]:
    if unknown := sorted(set(options) - set(fields)):
        raise typer.BadParameter(f"{text!r} takes no {unknown[0]}", param_hint="--mount")
    return {fields[name]: value for name, value in options.items()}


def _text_of(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{name!r} cannot be read: {error.strerror}", param_hint="--mount") from error
    except UnicodeDecodeError as error:
        why = f"{name!r} is no text in UTF-8: mount it from an artifact or a bucket"
        raise typer.BadParameter(why, param_hint="--mount") from error


def _words(text: str | None, option: str) -> list[str] | None:
    try:
        return None if text is None else shlex.split(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} cannot be split into words: {error}", param_hint=option) from error


def model_or_image_name(source: Mapping[str, Any]) -> str:
    """What a service is called after: the model, or the last part of the repository."""
    if source["kind"] == "mlflow":
        return str(source["model"])
    name, _, _ = str(source["image"]).partition("@")
    return name.rpartition("/")[2].partition(":")[0]
