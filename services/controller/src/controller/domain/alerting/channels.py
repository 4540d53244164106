"""Channels: where alerts are told, which of them, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StrictBool, field_validator, model_validator

from controller.domain import names
from controller.domain.alerting.matchers import Matchers
from controller.domain.commands import Command, ServiceName
from shared.contracts.alerting.alerts import AlertSeverity
from shared.contracts.alerting.channel_credentials import needs_credentials
from shared.contracts.alerting.channel_options import options_of
from shared.contracts.alerting.channels import ChannelKind, Language
from shared.errors import Detail, InvalidInput

MOST_CHANNELS = 200
SHORTEST_REPEAT = timedelta(seconds=60)
LONGEST_REPEAT = timedelta(days=31)


class RouteCommand(Command):
    """Which alerts a channel is told of, and how often."""

    min_severity: AlertSeverity = Field(default="warning", description="Alerts below it are not told.")
    matchers: Matchers = Field(default=(), description="All of them must hold; none: every alert.")
    repeat_interval: timedelta = Field(
        default=timedelta(hours=4), description="A firing alert is told again this often (`PT4H`); `PT0S`: once."
    )
    send_resolved: StrictBool = Field(default=True, description="Its end is told too.")

    @field_validator("repeat_interval")
    @classmethod
    def _not_too_often(cls, value: timedelta) -> timedelta:
        if value and not SHORTEST_REPEAT <= value <= LONGEST_REPEAT:
            raise ValueError("repeat_interval is PT0S, or lies between PT1M and P31D")
        return value


class ChannelCommand(Command):
    """What a channel is; an edit replaces all of it."""

    kind: ChannelKind
    language: Language = Field(default="en", description="Language of the messages.")
    time_zone: Annotated[str, Field(max_length=64)] = Field(default="UTC", description="IANA name, for times in them.")
    options: Annotated[dict[str, Any], Field(max_length=32)] = Field(
        default_factory=dict, description="What channels of its kind are made of; see the documentation of channels."
    )
    secret: Annotated[str, AfterValidator(names.service_name)] | None = Field(
        default=None, description="Secret of the same kind, with the channel's credentials."
    )
    route: RouteCommand = Field(default_factory=RouteCommand)
    paused: StrictBool = Field(default=False, description="Nothing is sent for now; what waits is kept for a day.")

    @model_validator(mode="after")
    def _whole(self) -> ChannelCommand:
        options_of(self.kind, self.options)
        if self.secret is None and needs_credentials(self.kind, self.options):
            why = f"A channel of the kind {self.kind} needs a secret of that kind"
            raise InvalidInput(why, (Detail(("secret",), why),))
        if self.secret is not None and self.kind == "event":
            why = "A channel of the kind event has no secret"
            raise InvalidInput(why, (Detail(("secret",), why),))
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as wrong:
            why = "time_zone is no name of the IANA time zone database, such as Asia/Shanghai"
            raise InvalidInput(why, (Detail(("time_zone",), why),)) from wrong
        return self


class NewChannel(ChannelCommand):
    """A channel of a project, or, without one, of the installation."""

    name: Annotated[str, AfterValidator(names.version_name)]
    project: ServiceName | None = Field(default=None, description="null: of the installation, told of every project.")
