"""What a request is: a small value that says what is asked of the control plane, and the pieces that one is made of."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from penstock.client.types import Json

Answer = TypeVar("Answer")


class Unset(Enum):
    """The default of an argument that leaves a field as it is, where None says something of its own."""

    UNSET = "as it is"


UNSET = Unset.UNSET


def _identity(body: Any) -> Any:
    return body


@dataclass(frozen=True)
class Request(Generic[Answer]):
    """One request; `url` replaces the control plane's address and `token` its token."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    token: str | None = None
    read: Callable[[Any], Answer] = _identity

    @property
    def is_repeatable(self) -> bool:
        """Whether a second one has no second effect: it only reads, or the server knows it again by its key."""
        return self.method == "GET" or "Idempotency-Key" in self.headers


class Listing(Request[Answer]):
    """The first page of a list of `Answer`."""

    def after(self, cursor: str) -> Listing[Answer]:
        """The page that `cursor` begins."""
        return replace(self, params={**self.params, "cursor": cursor})


class Stream(Request[Answer]):
    """Server-sent events, each of them an `Answer`; it ends with the caller, or once the server ends it for good."""

    def since(self, at: str) -> Stream[Answer]:
        """The same from a time on, in place of so many lines before."""
        kept = {name: value for name, value in self.params.items() if name != "lines"}
        return replace(self, params={**kept, "from": at})


def post(where: str, body: Mapping[str, Any] | None = None, *, revision: int | None = None) -> Request[Any]:
    """A POST that the server knows again, so that a lost answer can be asked for a second time."""
    headers = {"Idempotency-Key": uuid.uuid4().hex, **if_match(revision)}
    return Request("POST", where, json=dict(body) if body else None, headers=headers)


def if_match(revision: int | None) -> dict[str, str]:
    """The header that makes a change depend on what was read; none for None."""
    return {} if revision is None else {"If-Match": f'"{revision}"'}


def between(from_time: str | None, to_time: str | None) -> dict[str, str | None]:
    """`from` and `to`, ISO-8601 with a zone, as the API names them."""
    return {"from": from_time, "to": to_time}


def path(*parts: str) -> str:
    """A path of these segments, each of them quoted."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def given(**values: Any) -> Json:
    """The values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def nothing(_: Any) -> None:
    """What a 204 holds."""
