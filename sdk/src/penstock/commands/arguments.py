"""Arguments that hold more than one word: model URIs, traffic splits, `key=value`, JSON files. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import typer

_MODEL_URI = re.compile(r"models:/(?P<model>[^/@]+)(?:/(?P<version>[0-9]+)|@(?P<alias>[^/@]+))\Z")


def model_source(uri: str) -> dict[str, str]:
    """`models:/wine/3` or `models:/wine@champion` as a `model_source`."""
    found = _MODEL_URI.match(uri)
    if found is None:
        raise typer.BadParameter(f"{uri!r} is neither models:/NAME/VERSION nor models:/NAME@ALIAS")
    return {"kind": "mlflow", **{name: value for name, value in found.groupdict().items() if value}}


def service_name(model: str) -> str:
    """A DNS label for a model's name: `Wine_Quality` → `wine-quality`."""
    return re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")[:63].rstrip("-")


def weights(pairs: Sequence[str]) -> dict[str, int]:
    """`v1=90 v2=10` as weights; they sum to 100."""
    found = {name: _weight(name, text) for name, text in (_pair(pair) for pair in pairs)}
    if len(found) != len(pairs):
        raise typer.BadParameter("a version is named twice")
    if sum(found.values()) != 100:
        raise typer.BadParameter(f"the weights sum to {sum(found.values())}, not to 100")
    return found


def tags(pairs: Sequence[str]) -> dict[str, str]:
    """`team=wine` as tags."""
    return dict(_pair(pair) for pair in pairs)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE")
    return name, value


def _weight(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > 100:
        raise typer.BadParameter(f"the weight of {name} must be a whole number from 0 to 100, not {text!r}")
    return int(text)
