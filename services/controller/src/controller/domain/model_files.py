"""What the files of a registered model say: `MLmodel` (YAML), input example (JSON), requirements. Read as data alone.

Whoever logs a model writes these files, so they are a stranger's: libyaml builds nested lists by recursion, and 40,000
brackets in a row end the process with a segmentation fault (PyYAML 6.0.3); a list of 400,000 items takes it ten
seconds. What goes beyond anything that MLflow writes is read as if it were not there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

MAX_DEPTH = 32
"""As at the data plane: what is nested deeper would be refused as a request."""
_MAX_YAML_EVENTS = 20_000
"""A model with ten flavours has some 300; a signature is one of them, however many columns it has."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ModelFile(NamedTuple):
    """What an `MLmodel` file says; `digest` is that of its bytes."""

    signature: dict[str, Any] | None = None
    example_path: str | None = None
    flavors: tuple[str, ...] = ()
    model_id: str | None = None
    digest: str | None = None


def model_file(text: bytes | None) -> ModelFile:
    """An `MLmodel` file; None: there is none. What cannot be read in it is absent."""
    if text is None:
        return ModelFile()
    described = _mapping(_yaml(text))
    return ModelFile(
        signature=_signature(_mapping(described.get("signature"))),
        example_path=_text(_mapping(described.get("saved_input_example_info")).get("serving_input_path")),
        flavors=tuple(sorted(map(str, _mapping(described.get("flavors"))))),
        model_id=_text(described.get("model_id")),
        digest=f"sha256:{hashlib.sha256(text).hexdigest()}",
    )


def plain_json(text: bytes | str | None) -> Any:
    """JSON no deeper than `MAX_DEPTH`, else None; NaN and infinities, which JSON does not have, are null."""
    try:
        value = None if text is None else json.loads(text, parse_constant=lambda _: None)
    except (ValueError, TypeError, RecursionError):
        return None
    return value if _is_flat(value, MAX_DEPTH) else None


def requirements_of(text: bytes | None) -> tuple[str, ...] | None:
    """The requirements in a `requirements.txt`, without comments and blank lines."""
    if text is None:
        return None
    lines = (line.strip() for line in text.decode(errors="replace").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _signature(signature: Mapping[str, Any]) -> dict[str, Any] | None:
    """Its parts are JSON inside YAML."""
    parts = {part: plain_json(signature.get(part)) for part in ("inputs", "outputs", "params")}
    return {part: value for part, value in parts.items() if value is not None} or None


def _yaml(text: bytes) -> Any:
    try:
        return yaml.load(text, Loader=_LOADER) if _is_harmless(text) else None  # noqa: S506
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):  # `2023-99-99` is a ValueError
        return None


def _is_harmless(text: bytes) -> bool:
    """Whether it may be loaded: few parts, not deep, no links. Events come one by one, without recursion."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or count > _MAX_YAML_EVENTS or isinstance(event, yaml.AliasEvent):
            return False
    return True


def _is_flat(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(_is_flat(part, depth - 1) for part in parts)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
