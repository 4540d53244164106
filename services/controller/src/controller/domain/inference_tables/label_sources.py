"""Commands about label sources: where ground truth lies, which column is what, when it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool, model_validator

from controller.domain import names
from controller.domain.commands import Command, plain_text
from controller.domain.inference_tables.locations import (
    S3,
    TableRoot,
    UsableDestination,
    nearest_roots,
    place_of,
    plain_place,
    prefix_refusal,
    url_of,
)
from shared.contracts.inference_tables.label_sources import LabelSourceFormat
from shared.errors import Detail, InvalidInput
from shared.schedules import BadSchedule, Schedule

MOST_SOURCES = 20
"""Of one service."""

Column = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(plain_text)]


class LabelSourceDefinition(Command):
    """Where labels lie and how they are read; an edit replaces all of it."""

    format: LabelSourceFormat = Field(description="delta, parquet, csv, or sql: a query on PostgreSQL.")
    location: Annotated[str, Field(max_length=1024), AfterValidator(plain_text)] | None = Field(
        default=None, description="`file:///…` or `s3://bucket/…`: a table, a file, or a folder of files; not for sql."
    )
    query: Annotated[str, Field(min_length=1, max_length=16_384), AfterValidator(plain_text)] | None = Field(
        default=None, description="One SELECT; it is run read-only."
    )
    secret: Annotated[str, AfterValidator(names.service_name)] | None = Field(
        default=None, description="Secret of the kind `postgresql`: where the query is run."
    )
    growing: Column | None = Field(
        default=None,
        description="Column of the query that only grows: rows below what was read are left out; without it, none.",
    )
    key: Annotated[dict[Column, Column], Field(min_length=1, max_length=4)] = Field(
        description="`client_request_id`, `request_id` or a feature → the column that holds it."
    )
    row: Column | None = Field(default=None, description="Column of the row of a batch, from 0; by default 0.")
    label: Column | Annotated[dict[Column, Column], Field(min_length=1, max_length=32)] = Field(
        description="The column of the label; of several ones, name → column."
    )
    labelled_at: Column | None = Field(default=None, description="Column of when it was given; by default when read.")
    schedule: Annotated[str, Field(max_length=128), AfterValidator(plain_text)] | None = Field(
        default=None, description="`PT1H`, or five fields of cron in UTC; left out: only when told to."
    )
    paused: StrictBool = Field(default=False, description="Not read on its schedule for now.")

    @model_validator(mode="after")
    def _whole(self) -> LabelSourceDefinition:
        if self.format == "sql":
            if self.query is None or self.secret is None or self.location is not None:
                raise _wrong("A source of the format sql has a query and a secret, and no location", "query")
            self._check_query(self.query)
        elif self.location is None or any(one is not None for one in (self.query, self.secret, self.growing)):
            raise _wrong(f"A source of the format {self.format} has a location, and no query", "location")
        if self.schedule is not None:
            try:
                Schedule.parse(self.schedule)
            except BadSchedule as error:
                raise _wrong(f"schedule: {error}", "schedule") from error
        return self

    @staticmethod
    def _check_query(query: str) -> None:
        first = query.lstrip().split(None, 1)[0].lower() if query.strip() else ""
        if first not in {"select", "with", "table", "values"} or query.rstrip().endswith(";"):
            raise _wrong("query is one SELECT, without a semicolon at its end", "query")


class NewLabelSource(LabelSourceDefinition):
    """A label source of a service."""

    name: Annotated[str, AfterValidator(names.service_name)]


def checked_location(
    uri: str, roots: Sequence[TableRoot], service: tuple[str, str], destinations: Sequence[UsableDestination]
) -> tuple[str, str | None]:
    """`uri` if a `service` (name, project) may read it, and the root that it must not lead out of.

    A path lies under a root of the project or, in the platform's own, in the service's folder; an object store's prefix
    in a destination of the project.
    """
    name, project = service
    path = plain_place(uri, "location")
    nearest = nearest_roots(path, roots)
    if uri.startswith(S3):
        if why := prefix_refusal(project, path, nearest, destinations):
            raise _wrong(f"location {why}", "location")
        return url_of(path), None
    usable = [root for root in nearest if root.project in {None, project}]
    if not usable:
        own = next((url_of(each.path / name) for each in roots if each.is_platform), None)
        raise _wrong(
            f"location lies outside the folders that project {project} may read: those of CONTROLLER_TABLE_ROOTS"
            + (f", and {own}" if own else ""),
            "location",
        )
    root = usable[0].path
    if any(each.is_platform for each in usable):
        root = root / name
        if not path.is_relative_to(root):
            raise _wrong(f"location lies inside the platform's own tables, outside of {name}'s folder", "location")
    return url_of(path), str(root)


def place_name(url: str) -> str:
    """How the inference-logger calls a place: a plain path, or `s3://…`."""
    return url if url.startswith(S3) else str(place_of(url))


def _wrong(why: str, field: str) -> InvalidInput:
    return InvalidInput(why, (Detail((field,), why),))


def stored_fields(command: LabelSourceDefinition) -> dict[str, Any]:
    """As they are kept, but for the location."""
    return command.model_dump(
        include={"format", "query", "secret", "growing", "key", "row", "label", "labelled_at", "schedule", "paused"}
    )
