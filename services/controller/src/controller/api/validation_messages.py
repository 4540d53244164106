"""Errors of validation in words that lead on: an unknown field names those that there are, the closest one first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from fastapi import Request

Schema = Mapping[str, Any]
_PREFIX = "/api/v1"
_COMPONENT = "#/components/schemas/"
_UNIONS = ("anyOf", "oneOf", "allOf")


def validation_message(request: Request, item: Mapping[str, Any]) -> str:
    """The sentence for one error of validation."""
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        known = _known(request, item["loc"])
        return f"unknown field; there are: {', '.join(known)}" if known else "unknown field"
    if kind == "union_tag_invalid":
        return f"there is no kind {str(context['tag'])[:64]!r}; there are: {context['expected_tags']}"
    if kind in ("literal_error", "enum"):
        return f"there are: {context['expected']}; not {str(item.get('input'))[:64]!r}"
    return str(item["msg"])


def _known(request: Request, loc: Sequence[str | int]) -> list[str]:
    route = request.scope["route"]
    document = request.app.openapi()
    path = _PREFIX + route.path_format.removeprefix(_PREFIX)
    operation = document["paths"][path][request.method.lower()]
    components = document["components"]["schemas"]
    if loc[0] == "query":
        names = [parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"]
    else:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        names = fields_at(body, components, loc[1:-1])
    return closest_first(str(loc[-1]), names)


def closest_first(given: str, names: Sequence[str]) -> list[str]:
    """`names`, and before the others those that `given` may be a slip of."""
    close = get_close_matches(given, names)
    return [*close, *(name for name in names if name not in close)]


def fields_at(schema: Schema, components: Mapping[str, Schema], place: Sequence[str | int]) -> list[str]:
    """Names of the fields at a place in a body; a union has those of all its members, or of the tagged one."""
    here = list(_members(schema, components))
    for part in place:
        below = [inner for outer in here for inner in _below(outer, part)]
        if below:
            here = [member for inner in below for member in _members(inner, components)]
        else:  # the tag of a union's member
            here = [member for member in here if _is_tagged(member, part)] or here
    return list(dict.fromkeys(name for member in here for name in member.get("properties", ())))


def _members(schema: Schema, components: Mapping[str, Schema]) -> Iterator[Schema]:
    """The schemas that a schema stands for: what it refers to, the members of a union."""
    if "$ref" in schema:
        yield from _members(components[schema["$ref"].removeprefix(_COMPONENT)], components)
        return
    parts = [part for union in _UNIONS for part in schema.get(union, ())]
    for part in parts:
        yield from _members(part, components)
    if not parts:
        yield schema


def _below(schema: Schema, part: str | int) -> list[Schema]:
    if isinstance(part, int):
        return [schema["items"]] if "items" in schema else []
    found = schema.get("properties", {}).get(part, schema.get("additionalProperties"))
    return [found] if isinstance(found, Mapping) else []


def _is_tagged(schema: Schema, tag: str | int) -> bool:
    kind = schema.get("properties", {}).get("kind", {})
    return tag in (kind.get("const"), kind.get("default"))
