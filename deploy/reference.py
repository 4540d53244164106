"""Writes `docs/reference.md`: every field that the control plane takes, from its models; `--check` compares only."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from controller.api.docs.schema_fields import FieldRow, field_rows
from controller.domain.access import key_commands, people
from controller.domain.registries import secrets
from controller.domain.resources import groups, specs
from controller.domain.services import debugging, service_commands, terminals, version_commands
from shared.generated import write_or_compare

TARGET = Path(__file__).resolve().parents[1] / "docs" / "reference.md"
BODIES: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("Services", "POST /services", service_commands.NewService),
    ("Services", "PATCH /services/{service}", service_commands.ServiceChange),
    ("Versions", "POST /services/{service}/versions", version_commands.NewVersion),
    ("Versions", "PATCH /services/{service}/versions/{version}", version_commands.VersionChange),
    ("Versions", "POST /services/{service}/versions/{version}/start", version_commands.Start),
    ("Pods", "POST /services/{service}/versions/{version}/pods/{pod}/exec-tickets", terminals.ExecTicketRequest),
    ("Traffic", "PUT /services/{service}/traffic", service_commands.Split),
    ("API keys", "POST /services/{service}/keys", key_commands.NewKey),
    ("API keys", "POST /services/{service}/keys/{key_id}/rotate", key_commands.Rotation),
    ("Debugging", "POST /services/{service}/debug", debugging.DebugRequest),
    ("Resource specs", "POST /resource-specs", specs.NewSpec),
    ("Resource specs", "PATCH /resource-specs/{spec}", specs.SpecChange),
    ("Resource groups", "POST /resource-groups", groups.NewGroup),
    ("Resource groups", "PATCH /resource-groups/{group}", groups.GroupChange),
    ("Nodes", "POST /resource-groups/{group}/nodes", groups.NewNode),
    ("Nodes", "PATCH /resource-groups/{group}/nodes/{node}", groups.NodeChange),
    ("Nodes", "POST /resource-groups/{group}/nodes/{node}/drain and /release", groups.Leave),
    ("Nodes", "POST /resource-groups/{group}/nodes/{node}/renew", groups.Renewal),
    ("Nodes", "POST /resource-groups/{group}/nodes/{node}/move", groups.Move),
    ("Secrets", "POST /secrets", secrets.NewSecret),
    ("Projects", "POST /projects", people.NewProject),
    ("Projects", "PATCH /projects/{project}", people.ProjectChange),
    ("Projects", "PUT /projects/{project}/members/{user}", people.Membership),
    ("Users", "POST /users", people.NewUser),
    ("Users", "PATCH /users/{user}", people.UserChange),
    ("Tokens", "POST /tokens", people.NewToken),
)
HEAD = """\
# Reference of fields

Every field that the control plane takes, made from its models by `python deploy/reference.py`. A field that is not here
is refused, with those that there are. `PATCH` leaves alone what a body does not name. All paths lie below `/api/v1`;
the routes, parameters and answers are in `/api/v1/openapi.json`, and in a browser at `/docs` of the control plane.
"""


def rendered() -> str:
    """The file's text."""
    models = [model for _, _, model in BODIES]
    _, made = models_json_schema([(model, "validation") for model in models], ref_template="{model}")
    schemas: Mapping[str, Any] = made["$defs"]
    parts, last = [HEAD], ""
    for section, route, model in BODIES:
        parts += [] if section == last else [f"\n## {section}\n"]
        last = section
        parts += _described(f"`{route}`", schemas[model.__name__], is_change=route.startswith("PATCH"))
    parts.append("\n## Objects within\n")
    bodies = {model.__name__ for model in models}
    for name in sorted(schemas.keys() - bodies):
        parts += _described(name, schemas[name])
    return "".join(parts)


def _described(title: str, schema: Mapping[str, Any], *, is_change: bool = False) -> Iterator[str]:
    yield f"\n### {title}\n\n{' '.join(schema.get('description', '').split())}\n\n"
    rows = field_rows(schema)
    if rows:
        yield "| field | type | unit | default | bounds | meaning |\n|---|---|---|---|---|---|\n"
    for row in rows:
        yield _line(replace(row, default="unchanged") if is_change else row)


def _line(row: FieldRow) -> str:
    cells = (f"`{row.name}`", row.type, row.unit, row.default, row.bounds, row.meaning)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    sys.exit(
        write_or_compare(
            TARGET,
            rendered,
            sys.argv[1:],
            "docs/reference.md differs from the models; run `python deploy/reference.py`",
        )
    )
