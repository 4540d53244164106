"""Destinations of inference tables: a folder, or a prefix in an object store, and how that is reached."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StrictBool, model_validator

from controller.domain import names
from controller.domain.commands import Command, ServiceName, plain_text
from controller.domain.inference_tables.locations import S3
from shared.errors import Detail, InvalidInput

DEFAULT_REGION = "us-east-1"


class DestinationDefinition(Command):
    """Where it lies and how it is reached; an edit replaces all of it."""

    url: Annotated[str, Field(max_length=1024), AfterValidator(plain_text)] = Field(
        description="`s3://bucket/prefix`, or `file:///…`."
    )
    endpoint: Annotated[str, Field(max_length=512), AfterValidator(plain_text)] | None = Field(
        default=None, description="URL of an S3-compatible store, `https://host[:port]`; left out: AWS itself."
    )
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")] = Field(
        default=DEFAULT_REGION, description="Region that requests are signed for."
    )
    path_style: StrictBool = Field(
        default=True, description="The bucket stands in the path, `host/bucket/key`; false: `bucket.host/key`."
    )
    secret: Annotated[str, AfterValidator(names.service_name)] | None = Field(
        default=None,
        description="Secret of the kind `s3`; left out: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the logger.",
    )

    @model_validator(mode="after")
    def _endpoint_of_a_store(self) -> DestinationDefinition:
        if not self.url.startswith(S3):
            if self.endpoint is not None or self.secret is not None:
                raise InvalidInput("A folder has neither endpoint nor secret", (Detail(("url",), "not s3://"),))
        elif self.endpoint is not None:
            check_endpoint(self.endpoint)
        return self


class NewDestination(DestinationDefinition):
    """A destination of a project, or, without one, of the installation: every project may use that."""

    name: Annotated[str, AfterValidator(names.service_name)]
    project: ServiceName | None = None


def check_endpoint(endpoint: str) -> None:
    """Refuse what is no plain `http(s)://host[:port]`."""
    try:
        parts = urlsplit(endpoint)
        is_plain = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_plain = False
    if not is_plain or endpoint != f"{parts.scheme}://{parts.netloc}" or parts.scheme not in {"http", "https"}:
        raise _wrong("endpoint must be http://host[:port] or https://host[:port], without a path", "endpoint")
    if "@" in parts.netloc or not parts.netloc.isascii() or not parts.netloc.isprintable() or " " in parts.netloc:
        raise _wrong("endpoint must hold no credentials, and ASCII alone", "endpoint")


def _wrong(why: str, field: str) -> InvalidInput:
    return InvalidInput(why, (Detail((field,), why),))
