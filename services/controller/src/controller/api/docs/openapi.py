"""The OpenAPI document: what FastAPI derives from the routes, with the errors and the token that stand before them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from controller.api.open_paths import SESSION_COOKIE, is_open

_SCHEMA = "#/components/schemas/ErrorView"
_CHANGES = frozenset({"post", "put", "patch", "delete"})
_MEANINGS: Mapping[int, str] = {
    400: "A value, shape or name that cannot be accepted.",
    401: "No token, or one that is unknown or has ended.",
    403: "The caller's role does not allow it; or the host name or origin is not the control plane's.",
    404: "No such resource.",
    409: "The state of the resource does not allow it.",
    412: "It has changed since the revision in `If-Match`.",
    413: "The body is longer than this API takes.",
    415: "The body is not JSON.",
    502: "The system behind answered wrongly.",
    503: "A part of the platform is away; ask again after `Retry-After` seconds.",
}


class ErrorDetail(BaseModel):
    """Where in the request something is wrong."""

    loc: list[str | int]
    msg: str


class ErrorView(BaseModel):
    """The body of every error."""

    error_code: str
    message: str
    request_id: str
    details: list[ErrorDetail]


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The document of `app`, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, routes=app.routes)
        for path, method, operation in _operations(made):
            _add_errors(path, method, operation)
        _replace_components(made["components"])
        app.openapi_schema = made
    return app.openapi_schema


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _add_errors(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)  # what FastAPI would answer; ours is 400
    if not is_open(method.upper(), path):
        operation["security"] = [{"token": []}, {"session": []}]
    for status in sorted(_statuses(path, method, operation)):
        content = {"application/json": {"schema": {"$ref": _SCHEMA}}}
        responses[str(status)] = {"description": _MEANINGS[status], "content": content}


def _statuses(path: str, method: str, operation: Mapping[str, Any]) -> set[int]:
    """Statuses of the errors that this operation can answer with."""
    if is_open(method.upper(), path):
        takes_something = "requestBody" in operation or "{" in path  # a webhook's body, read as it was signed
        return {400, 401, 403, 413, 415, 503} if takes_something else {403}
    parameters = {(parameter["in"], parameter["name"]) for parameter in operation.get("parameters", ())}
    has_body = "requestBody" in operation
    found = {400, 401, 403, 502, 503}
    found |= {413, 415} if has_body else set()
    found |= {404} if "{" in path or has_body or ("query", "registry") in parameters else set()
    found |= {409} if method in _CHANGES else set()
    found |= {412} if ("header", "if-match") in parameters else set()
    return found


def _replace_components(components: dict[str, Any]) -> None:
    schemas = components["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    made = ErrorView.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**made.pop("$defs"), "ErrorView": made}
    cookie = {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE}
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}, "session": cookie}
