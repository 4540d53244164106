"""Commands about services: the bodies of `/services` and of the split."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, StrictBool, model_validator

from controller.domain.commands import STRICT, Change, Command, ServiceName, Tags, Text
from controller.domain.services.version_commands import FirstVersion, LogDelivery, PodResources, Weights
from shared.contracts.routes import DEFAULT_BODY_BYTES, Cors
from shared.errors import Detail, InvalidInput


def _known_type(value: object) -> object:
    if value == "llm":
        raise InvalidInput("Services of type llm come later; use type ml", (Detail(("type",), "llm comes later"),))
    return value


BodyBytes = Annotated[int, Field(strict=True, ge=1, le=256 * 1024 * 1024)]
Origin = Annotated[str, Field(pattern=r"^(\*|https?://[A-Za-z0-9.\-\[\]:]{1,255})$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class CrossOrigin(Cors):
    """`Cors` as a body: unknown fields are refused, and origins and header names that are none."""

    model_config = STRICT

    allow_origins: tuple[Origin, ...] = Field(min_length=1, max_length=64)
    allow_headers: Annotated[tuple[HeaderName, ...], Field(max_length=64)] = Cors.model_fields["allow_headers"].default


class NewService(Command):
    """A service, usually with its first version."""

    name: ServiceName = Field(
        description="DNS label: lower-case letters, digits, hyphens, at most 63. Unique, and never changed."
    )
    type: Annotated[Literal["ml"], BeforeValidator(_known_type)] = Field(default="ml", description="What it serves.")
    description: Text = Field(default="", description="For people.")
    project: ServiceName = Field(default="default", description="Project that it belongs to.")
    tags: Tags = Field(default={}, description="For people and searches: at most 64.")
    auth_enabled: StrictBool = Field(default=True, description="Whether callers need an API key.")
    sticky_header: HeaderName | None = Field(
        default=None, description="Header whose value decides on the version: callers stay with theirs."
    )
    cors: CrossOrigin | None = Field(default=None, description="Pages of other origins that may call it; null: none.")
    max_body_bytes: BodyBytes = Field(default=DEFAULT_BODY_BYTES, description="Longer requests are answered 413.")
    version: FirstVersion | None = Field(default=None, description="Its first version.")
    start: StrictBool = Field(default=False, description="Start that version at once.")
    monitors: StrictBool = Field(
        default=True, description="Give it quality rules that follow from its model's signature; they can be deleted."
    )

    @model_validator(mode="after")
    def _something_to_start(self) -> NewService:
        if self.start and self.version is None:
            raise InvalidInput("start needs a version", (Detail(("version",), "missing, but start is true"),))
        return self


class ServiceChange(Change):
    """What of a service may be edited; what belongs to versions reaches all of them, or the only active one."""

    nullable: ClassVar[frozenset[str]] = frozenset({"sticky_header", "cors"})

    description: Text | None = Field(default=None, description="For people.")
    tags: Tags | None = Field(default=None, description="Replaces all of them.")
    auth_enabled: StrictBool | None = Field(default=None, description="Whether callers need an API key.")
    sticky_header: HeaderName | None = Field(default=None, description="Header whose value decides on the version.")
    cors: CrossOrigin | None = Field(default=None, description="Pages of other origins that may call it.")
    max_body_bytes: BodyBytes | None = Field(default=None, description="Longer requests are answered 413.")
    log_delivery: LogDelivery | None = Field(default=None, description="Of every version.")
    resource_source: PodResources | None = Field(default=None, description="Of the only active version.")

    @property
    def own(self) -> tuple[str, ...]:
        """Fields of the service itself that are named, in order."""
        return tuple(sorted(self.model_fields_set - {"log_delivery", "resource_source"}))


class Split(Command):
    """The wanted split over a service's active versions: whole numbers that sum to 100.

    `fallback`: the version that answers while none with a weight has a ready pod; null: none; absent: as it was.
    """

    weights: Weights
    fallback: Annotated[str, Field(max_length=256)] | None = None
