"""The client asks for all that the control plane answers: every route and parameter of its OpenAPI document."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

from penstock.client.operations import Operations, download, listing, operation, stream
from penstock.client.requests.base import Request
from running_services.running_controller import controller_for, settings_for

PREFIX = "/api/v1"
UNDER_THE_SERVICE = {"events", "logs", "logs/download", "metrics"}
"""`…/versions/{version}/logs` is `…/services/{service}/logs?version=`: the client has the second."""
NOT_ASKED_FOR = {"cursor", "accept"}
"""Pages are walked by cursor in the client itself."""
FOR_OTHERS = {
    ("GET", "/api/v1/session"),
    ("POST", "/api/v1/session"),
    ("POST", "/api/v1/registry-webhooks/{secret}"),
}
"""A program has a token, and needs no cookie; MLflow sends its own hints."""


async def test_every_route_and_every_parameter_has_its_method(tmp_path: Path) -> None:
    controller = await controller_for(settings_for(tmp_path, "nats://127.0.0.1:1", "http://127.0.0.1:1"))
    document = controller.app.api.openapi()
    await controller.close()
    asked = list(requests())
    missing = []
    for method, path, parameters in routes(document):
        fitting = [request for request in asked if request.method == method and fits(path, request.path)]
        given = {name for request in fitting for name in (*request.params, *map(str.lower, request.headers))}
        if not fitting:
            missing.append(f"{method} {path}")
        missing += [f"{method} {path}: {name}" for name in parameters - given - NOT_ASKED_FOR if fitting]
    assert missing == []
    assert len(asked) > 80


def routes(document: dict[str, Any]) -> Iterator[tuple[str, str, set[str]]]:
    """Method, path and optional parameters of each."""
    for path, operations in document["paths"].items():
        if path.rpartition("/versions/{version}/")[2] in UNDER_THE_SERVICE:
            continue
        for method, described in operations.items():
            if (method.upper(), path) in FOR_OTHERS:
                continue
            parameters = {p["name"].lower() for p in described.get("parameters", ()) if p["in"] in ("query", "header")}
            yield method.upper(), path, parameters


def requests() -> Iterator[Request[Any]]:
    """What each method of the client asks, with every argument given."""
    for name, method in vars(Operations).items():
        if isinstance(method, download | operation | listing | stream) and name != "predict":
            describe: Any = method._describe
            yield describe(**{name: _value(wanted) for name, wanted in _arguments(describe)})


def _arguments(describe: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """Name and type of each; of `**wanted: Unpack[…]` those that it stands for."""
    for parameter in inspect.signature(describe).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            (named,) = get_args(get_type_hints(describe)[parameter.name])
            yield from ((name, str(wanted)) for name, wanted in get_type_hints(named).items())
        else:
            yield parameter.name, str(parameter.annotation)


def _value(wanted: str) -> Any:
    if wanted.startswith("Sequence[Mapping"):
        return [{"name": "x"}]
    if "Mapping" in wanted:
        return {"name": "x"}
    if "Sequence" in wanted:
        return ["x"]
    return 1 if "int" in wanted.split() or wanted == "int" else "x"


def fits(path: str, asked: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), PREFIX + asked) is not None
