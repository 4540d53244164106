"""What the files of a registered model say: `MLmodel` (YAML), input example (JSON), requirements. Read as data alone.

Whoever logs a model writes these files, so they are untrusted: what goes beyond anything that MLflow writes is read
as if it were absent.
"""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.security.bounded_yaml import MAX_DEPTH, load_yaml
from shared.security.redaction import redact_credentials


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
    described = _mapping(load_yaml(text))
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
    """The requirements in a `requirements.txt`, without comments, blank lines and the credentials of addresses."""
    if text is None:
        return None
    lines = (line.strip() for line in _text_of(text).splitlines())
    return tuple(redact_credentials(line) for line in lines if line and not line.startswith("#"))


def text_of(content: bytes | None) -> str | None:
    """A file's text; None where there is no file."""
    return None if content is None else _text_of(content)


def _text_of(content: bytes) -> str:
    """UTF-8, or UTF-16 where a byte order mark says so."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace")


def _signature(signature: Mapping[str, Any]) -> dict[str, Any] | None:
    """Its parts are JSON inside YAML."""
    parts = {part: plain_json(signature.get(part)) for part in ("inputs", "outputs", "params")}
    return {part: value for part, value in parts.items() if value is not None} or None


def _is_flat(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(_is_flat(part, depth - 1) for part in parts)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
