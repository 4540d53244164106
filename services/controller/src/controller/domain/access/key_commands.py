"""Commands about API keys: the bodies of `/services/{s}/keys`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from controller.domain.access import keys
from controller.domain.access.keys import Scope
from controller.domain.commands import Command, KeyName
from controller.domain.times import Moment

Scopes = Annotated[tuple[Scope, ...], Field(min_length=1), AfterValidator(keys.ordered_scopes)]


class NewKey(Command):
    """An API key of a service; without `scopes` it has all of them."""

    name: KeyName = Field(description="1 to 63 letters, digits, spaces and any of _ . @ -")
    expires_at: Moment | None = Field(default=None, description="When it ends by itself; null: never.")
    scopes: Scopes | None = Field(
        default=None, description="`predict`: the service, by its split; `versions`: one version by its name."
    )


class Rotation(Command):
    """A successor for a key; with `grace_s` the old one ends by itself after so many seconds."""

    expires_at: Moment | None = Field(default=None, description="When the successor ends; null: never.")
    grace_s: Annotated[int, Field(strict=True, ge=0, le=31_536_000)] | None = Field(
        default=None, description="The old key lives on for so long; null: until it is revoked."
    )
