"""Commands about people: the bodies of `/projects`, `/users` and `/tokens`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, model_validator

from controller.domain import names
from controller.domain.access.roles import Role
from controller.domain.commands import Change, Command, KeyName, Text
from controller.domain.times import Moment
from shared.errors import Detail, InvalidInput

ProjectName = Annotated[str, AfterValidator(names.project_name)]
UserName = Annotated[str, AfterValidator(names.user_name)]
Claim = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]


class NewProject(Command):
    """A tenant: services belong to it, and users have roles in it."""

    name: ProjectName
    description: Text = ""


class ProjectChange(Change):
    """What of a project may be edited."""

    description: Text | None = None


class Membership(Command):
    """The role of a user in a project."""

    role: Role


class NewUser(Command):
    """A user; `issuer` and `subject` bind it to an identity provider's, before they sign in for the first time."""

    name: UserName
    description: Text = ""
    is_admin: StrictBool = False
    issuer: Claim | None = None
    subject: Claim | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> NewUser:
        if (self.issuer is None) != (self.subject is None):
            raise InvalidInput("issuer and subject go together", (Detail(("subject",), "goes with issuer"),))
        return self


class UserChange(Change):
    """What of a user may be edited; a disabled one keeps memberships and tokens, and none of them opens anything."""

    description: Text | None = None
    is_admin: StrictBool | None = None
    is_disabled: StrictBool | None = None


class NewToken(Command):
    """A token for the control plane."""

    name: KeyName
    expires_at: Moment | None = Field(
        default=None, description="Left out: as long as the installation allows. null: never, for administrators only."
    )
    user: str | None = Field(default=None, max_length=63, description="Whose; administrators may name another user.")
