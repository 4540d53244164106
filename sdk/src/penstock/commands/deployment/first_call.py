"""How a version that was deployed is called: the address, a first key, and the shell line with the model's example."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from penstock.client import Client
    from penstock.client.types import Version

MAX_EXAMPLE_LENGTH = 2000
"""Characters of a request in the line; a longer one is told to come from a file."""


def first_call(client: Client, version: Version, key: str | None) -> dict[str, Any]:
    """`url`, `key` (where one is asked for) and `curl`, which takes the key from `$PENSTOCK_API_KEY`."""
    service = client.service(version["service"])
    line = curl_line(service["url"], example_of(client, version), needs_key=service["auth_enabled"])
    issued = create_first_key(client, version["service"], key) if key else None
    return {"url": service["url"], **({"key": issued} if issued else {}), "curl": line}


def create_first_key(client: Client, service: str, name: str) -> str | None:
    """A new key of the service; None where there is one of that name, which cannot be shown again."""
    from penstock.client import Conflict  # noqa: PLC0415

    try:
        return client.create_key(service, name)["key"]
    except Conflict as there:
        typer.echo(f"penstock: no key was issued: {there}", err=True)
        return None


def example_of(client: Client, version: Version) -> Any:
    """The request that was logged with the model; None where there is none, or the registry does not answer."""
    from penstock.client import PenstockError  # noqa: PLC0415

    source = version["model_source"]
    if source.get("kind") == "image":
        return None
    try:
        described = client.model_version(source["model"], source["version"], registry=source.get("registry"))
    except PenstockError:  # the version was published all the same
        return None
    return described.get("input_example")


def curl_line(url: str, request: Any, *, needs_key: bool) -> str:
    """The line for a POSIX shell."""
    body = "@request.json" if request is None else json.dumps(request)
    body = body if len(body) <= MAX_EXAMPLE_LENGTH else "@request.json"
    words = ["curl", "-sS", "-X", "POST", shlex.quote(url), "-H", "'Content-Type: application/json'"]
    if needs_key:
        words += ["-H", '"Authorization: Bearer $PENSTOCK_API_KEY"']
    return " ".join([*words, "--data", shlex.quote(body)])
