"""The tree of errors that every service raises and every transport maps.

    PenstockError
    ├── Permanent            asking again changes nothing
    │   ├── InvalidInput         a value, shape or name that cannot be accepted
    │   ├── Unauthenticated      nobody, or nobody that we know
    │   ├── Forbidden            somebody who may not
    │   ├── NotFound             no such resource (also: another project's)
    │   ├── Conflict             the resource's state does not allow it
    │   └── PreconditionFailed   it has changed since it was read
    └── Temporary            the same call may succeed later
        ├── LimitExceeded        too many, too much
        ├── NotReady             still starting
        ├── Unavailable          a part of the platform is away
        └── UpstreamFailed       the system behind answered wrongly

This module knows neither HTTP nor NATS: `shared.http` maps the tree to status codes, `shared.bus.consumers.consumer` to
ack, delayed nak and dead letter, `shared.bus.rpc` to the reply's envelope. A test walks the tree through all three.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pydantic import ValidationError


@dataclass(frozen=True)
class Detail:
    """Where in the input something is wrong: `loc` as a path of keys and indices."""

    loc: tuple[str | int, ...]
    msg: str


def validation_details(error: ValidationError) -> list[Detail]:
    """What a schema says of a value, without the value: at least one detail."""
    return [Detail(tuple(item["loc"]), item["msg"]) for item in error.errors(include_input=False, include_url=False)]


@dataclass
class PenstockError(Exception):
    """Base of everything that Penstock raises on purpose; `message` is safe to show to a caller."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    message: str
    details: Sequence[Detail] = field(default=())
    retry_after_s: float | None = None

    def __str__(self) -> str:
        return self.message


class Permanent(PenstockError):
    """Asking again changes nothing."""


class Temporary(PenstockError):
    """The same call may succeed later."""


class InvalidInput(Permanent):
    """A value, shape or name that cannot be accepted."""

    code = "INVALID_PARAMETER_VALUE"


class Unauthenticated(Permanent):
    """No credentials, or unknown ones."""

    code = "UNAUTHENTICATED"


class Forbidden(Permanent):
    """Known, but not allowed."""

    code = "PERMISSION_DENIED"


class NotFound(Permanent):
    """No such resource, or one of another project."""

    code = "RESOURCE_DOES_NOT_EXIST"


class Conflict(Permanent):
    """The state of the resource does not allow this."""

    code = "RESOURCE_CONFLICT"


class PreconditionFailed(Permanent):
    """The resource has changed since the caller read it."""

    code = "PRECONDITION_FAILED"


class LimitExceeded(Temporary):
    """Too many, or too much."""

    code = "REQUEST_LIMIT_EXCEEDED"


class NotReady(Temporary):
    """Still starting."""

    code = "TEMPORARILY_UNAVAILABLE"


class Unavailable(Temporary):
    """A part of the platform is away."""

    code = "TEMPORARILY_UNAVAILABLE"


class UpstreamFailed(Temporary):
    """The system behind answered wrongly, or not at all."""

    code = "UPSTREAM_FAILED"


def describe_error(error: BaseException) -> str:
    """Its words; its type where it has none, as most timeouts."""
    return str(error) or type(error).__name__
