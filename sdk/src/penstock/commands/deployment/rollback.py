"""`penstock rollback`: the model version that was there before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.errors import CONFLICT, exit_with_error
from penstock.commands.cli.output import Format, Output
from penstock.commands.services.versions import Name, Service, show_version
from penstock.commands.services.views import format_model
from penstock.commands.services.waiting import TIMEOUT_S, Timeout, Wait, wait_after_change

if TYPE_CHECKING:
    from penstock.client.types import Json

COLUMNS = {"model": "model", "version": "model_version", "registry": "model_registry", "image": "image"}
"""Fields of `model_source`, and what the audit log calls them; `image` is the whole source of an image."""
BY_THE_PLATFORM = "roll_back"
"""Operation of the audit log's lines in which a configuration that did not get ready was taken back."""


def rollback(
    service: Service,
    version: Name,
    *,
    wait: Wait = False,
    timeout: Timeout = TIMEOUT_S,
    output: Output = Format.TABLE,
) -> None:
    """Publish the model or image that a version had before its last change of it, as the audit log tells it.

    Only that is changed, and an alias is followed no more. A second time it goes forward again. Needs a role that
    reads the project's audit log.
    """
    with connect() as client:
        source = client.version(service, version)["model_source"]
        lines = client.audit(resource_kind="version", resource_name=f"{service}/{version}")
        earlier = earlier_model(source, lines)
        if earlier is None:
            exit_with_error(
                f"the audit log that you may read has no earlier model or image of {service} {version}", CONFLICT
            )
        typer.echo(f"penstock: from {format_model(source)} to {format_model(earlier)}", err=True)
        wanted = {field: value for field, value in earlier.items() if value is not None}
        edited = client.edit_version(service, version, {"model_source": {"kind": "mlflow"} | wanted})
        show_version(wait_after_change(client, edited, timeout) if wait else edited, output)


def earlier_model(source: Mapping[str, Any], lines: Iterable[Json]) -> dict[str, Any] | None:
    """The newest other source in a version's audit log (newest line first) that the platform did not take back."""
    now = {field: source.get(field) for field in COLUMNS}
    if source.get("kind") == "image":
        now = {**dict.fromkeys(COLUMNS), "image": source}
    there, refused = now, []
    for line in lines:
        if line["action"] == "created":  # with the model that it has had ever since; what lies before was another's
            return None
        before = line["before"] or {}
        earlier = {field: before.get(column, there[field]) for field, column in COLUMNS.items()}
        if line["operation"] == BY_THE_PLATFORM:
            refused.append(earlier)
        elif earlier not in (now, *refused):
            return earlier.pop("image") or earlier
        there = earlier
    return None
