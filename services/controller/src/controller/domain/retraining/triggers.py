"""Commands about retraining triggers: when a model is trained anew, by what, and what keeps it from a loop."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, model_validator

from controller.domain import names
from controller.domain.canaries.plan import CanaryPlan
from controller.domain.commands import Command, ServiceName, ShortText, Text, plain_text
from controller.domain.retraining.actions import SECRET_KINDS, Target
from controller.domain.services.version_commands import Weight
from shared.errors import Detail, InvalidInput
from shared.schedules import BadSchedule, Schedule

MOST_TRIGGERS = 20
"""Of one service."""
MANUAL = "manual"
"""Stands for the only trigger of a service, where none has that name."""

CoolDown = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=366))]
TimeLimit = Annotated[timedelta, Field(ge=timedelta(seconds=10), le=timedelta(days=30))]


class OnAlert(Command):
    """Which alerts start it."""

    severity: Literal["warning", "critical"] = Field(default="critical", description="This one, or a worse one.")
    labels: Annotated[dict[ShortText, ShortText], Field(max_length=16)] = Field(
        default={},
        description="Label → value, all of which the alert has; `monitor` and `kind` are the alert's rule and kind.",
    )


class Guards(Command):
    """What keeps it from running too often. One retraining of a service runs at a time in any case."""

    cool_down: CoolDown = Field(default=timedelta(hours=6), description="Since the last one of the service ended.")
    max_per_day: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(
        default=2, description="Of the service, in 24 hours."
    )
    min_label_coverage: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Share of the last week's rows that must have a label; null: not asked."
    )


class Then(Command):
    """What is done with the registered version that came of it."""

    publish: Literal["none", "version", "canary"] = Field(
        default="none",
        description="version: a version of the service with the settings of the one that serves, which is started with "
        "`weight`; canary: the same, that takes over step by step.",
    )
    weight: Weight = Field(default=0, description="Share of the traffic of a version; 0: it is started without any.")
    canary: CanaryPlan | None = Field(default=None, description="Plan of the canary; null: the defaults.")

    @model_validator(mode="after")
    def _of_a_kind(self) -> Then:
        if self.canary is not None and self.publish != "canary":
            raise _wrong("A plan belongs to publish: canary", "then")
        return self


class TriggerDefinition(Command):
    """When and what; an edit replaces all of it. Without `on_alert` and `schedule` it is started by hand alone."""

    on_alert: OnAlert | None = Field(default=None, description="Start it when an alert is raised.")
    schedule: Annotated[str, Field(max_length=128), AfterValidator(plain_text)] | None = Field(
        default=None, description="`P7D`, or five fields of cron in UTC."
    )
    action: Target = Field(description="What is run.")
    secret: ServiceName | None = Field(
        default=None, description="Secret of the project: of the kind `webhook` (it signs), else `http`."
    )
    model: Annotated[str, AfterValidator(names.model_name)] | None = Field(
        default=None, description="Registered model whose next version is the result; null: that of the service."
    )
    guards: Guards = Field(default=Guards(), description="What keeps it from running too often.")
    time_limit: TimeLimit = Field(default=timedelta(hours=6), description="After that it has failed.")
    then: Then = Field(default=Then(), description="What is done with the version that comes of it.")
    paused: StrictBool = Field(default=False, description="Not started by alerts and its schedule for now.")

    @model_validator(mode="after")
    def _whole(self) -> TriggerDefinition:
        if self.schedule is not None:
            try:
                Schedule.parse(self.schedule)
            except BadSchedule as error:
                raise _wrong(f"schedule: {error}", "schedule") from error
        kind = self.action.kind
        if self.secret is not None and SECRET_KINDS[kind] is None:
            raise _wrong("A job gets no credentials: it takes no secret", "secret")
        if self.secret is None and kind == "github":
            raise _wrong("GitHub asks for a token: name a secret of the kind http", "secret")
        return self


class NewTrigger(TriggerDefinition):
    """A trigger of a service."""

    name: Annotated[str, AfterValidator(names.service_name)]


class NewRetraining(Command):
    """A retraining by hand."""

    trigger: ServiceName = Field(
        default=MANUAL, description="Name of a trigger; `manual`: the only one, where none has that name."
    )
    note: Text | None = Field(default=None, description="Why; it is part of the evidence.")
    force: StrictBool = Field(default=False, description="Whatever the guards say, save that one runs at a time.")


def _wrong(why: str, field: str) -> InvalidInput:
    return InvalidInput(why, (Detail((field,), why),))
