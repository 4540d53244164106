"""Fields of a JSON Schema as people read them: type, unit, default, bounds, meaning. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_UNITS = (
    ("_ms", "ms"), ("_s", "s"), ("_gb", "GiB"), ("_bytes", "bytes"), ("cpu", "cores"), ("qps", "requests/s"),
    ("traffic_weight", "%"), ("weights", "%"), ("gpu", "devices"),
)  # fmt: skip
"""How a field's name ends, and what it is counted in."""
_TYPES = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "null"}
_BOUNDS = (
    ("minimum", "≥ {}"), ("exclusiveMinimum", "> {}"), ("maximum", "≤ {}"), ("exclusiveMaximum", "< {}"),
    ("minLength", "at least {} characters"), ("maxLength", "at most {} characters"), ("minItems", "at least {}"),
    ("maxItems", "at most {}"), ("minProperties", "at least {}"), ("maxProperties", "at most {}"),
    ("pattern", "matches `{}`"),
)  # fmt: skip


@dataclass(frozen=True)
class FieldRow:
    """One field."""

    name: str
    type: str
    unit: str
    default: str
    bounds: str
    meaning: str


def field_rows(schema: Schema) -> list[FieldRow]:
    """The fields of an object, as they are declared."""
    required = schema.get("required", ())
    return [
        FieldRow(
            name=name,
            type=type_name(field),
            unit=next((unit for end, unit in _UNITS if name.endswith(end)), ""),
            default="required" if name in required else _default(field),
            bounds=", ".join(_bounds(field)),
            meaning=field.get("description", "").replace("None", "null"),
        )
        for name, field in schema.get("properties", {}).items()
    ]


def type_name(schema: Schema) -> str:
    """`text`, `whole number or null`, `list of ModelSource`, `"reject" or "queue"`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema or "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    parts = [part for union in ("anyOf", "oneOf", "allOf") for part in schema.get(union, ())]
    if parts:
        return " or ".join(dict.fromkeys(type_name(part) for part in parts))
    kind = schema.get("type", "any JSON")
    if kind == "array":
        return f"list of {type_name(schema.get('items', {}))}"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"object of {type_name(inner)}" if isinstance(inner, Mapping) else "object"
    return "time (ISO-8601 with a zone)" if schema.get("format") == "date-time" else _TYPES.get(kind, str(kind))


def _default(schema: Schema) -> str:
    default = schema.get("default")
    # What a nested object says again of its own fields is told where these are.
    return "its own" if isinstance(default, dict) and default else json.dumps(default, ensure_ascii=False)


def _bounds(schema: Schema) -> Iterator[str]:
    for name, words in _BOUNDS:
        if name in schema:
            yield words.format(schema[name])
    for union in ("anyOf", "oneOf"):
        for part in schema.get(union, ()):
            yield from _bounds(part)
