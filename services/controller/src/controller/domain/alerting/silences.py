"""Silences and maintenance: when alerts are told to nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from controller.domain import names
from controller.domain.alerting.matchers import MatcherCommand
from controller.domain.commands import Command, ServiceName, Text, plain_text
from controller.domain.times import Moment
from shared.errors import Detail, InvalidInput
from shared.schedules import BadSchedule, Schedule

LONGEST_SILENCE = timedelta(days=366)
LONGEST_MAINTENANCE = timedelta(days=31)
SHORTEST_MAINTENANCE = timedelta(minutes=1)
MOST_SILENCES = 500
"""That have not ended."""
MOST_OF_PROJECT = 100
"""Of these, so that no project takes all."""
MOST_WINDOWS = 200
KEPT_AFTER_END = timedelta(days=30)

SilenceState = Literal["pending", "active", "expired"]


class SilenceCommand(Command):
    """Alerts that match are told to nobody for a time; an edit replaces all of it."""

    matchers: Annotated[tuple[MatcherCommand, ...], Field(min_length=1, max_length=16)] = Field(
        description="All of them must hold."
    )
    starts_at: Moment | None = Field(default=None, description="By default now.")
    ends_at: Moment
    comment: Text = Field(default="", description="Why.")

    def check_times(self, now: datetime) -> datetime:
        """When it begins; `InvalidInput` for one that has ended already or never would."""
        start = self.starts_at or now
        if self.ends_at <= max(start, now):
            raise _wrong("ends_at lies in the past, or before starts_at", "ends_at")
        if self.ends_at - start > LONGEST_SILENCE:
            raise _wrong("A silence lasts 366 days at most", "ends_at")
        return start


class NewSilence(SilenceCommand):
    """A silence of a project, or, without one, of the installation."""

    project: ServiceName | None = None


class MaintenanceCommand(Command):
    """When: once (`ends_at`), or again and again (`schedule` and `duration`); an edit replaces all of it."""

    starts_at: Moment | None = Field(default=None, description="By default now.")
    ends_at: Moment | None = Field(default=None, description="Of a single window, or when the last one may begin.")
    schedule: Annotated[str, Field(max_length=128), AfterValidator(plain_text)] | None = Field(
        default=None, description="Five fields of cron in UTC: when each window begins."
    )
    duration: timedelta | None = Field(default=None, description="How long each lasts, such as `PT2H`.")
    comment: Text = Field(default="", description="Why.")

    @model_validator(mode="after")
    def _once_or_again(self) -> MaintenanceCommand:
        if self.schedule is None:
            if self.ends_at is None or self.duration is not None:
                raise _wrong("Maintenance has ends_at, or schedule and duration", "ends_at")
            return self
        if self.duration is None or not SHORTEST_MAINTENANCE <= self.duration <= LONGEST_MAINTENANCE:
            raise _wrong("duration lies between PT1M and P31D", "duration")
        if self.schedule.startswith("P"):
            raise _wrong("schedule is the five fields of cron", "schedule")
        try:
            Schedule.parse(self.schedule)
        except BadSchedule as wrong:
            raise _wrong(f"schedule: {wrong}", "schedule") from wrong
        return self

    def check_times(self, now: datetime) -> datetime:
        """When it begins; `InvalidInput` for what has ended already."""
        start = self.starts_at or now
        if self.ends_at is not None and self.ends_at <= max(start, now):
            raise _wrong("ends_at lies in the past, or before starts_at", "ends_at")
        return start


class NewMaintenance(MaintenanceCommand):
    """Maintenance of a service, a project, or the installation."""

    name: Annotated[str, AfterValidator(names.version_name)]
    project: ServiceName | None = Field(default=None, description="null: of the installation, or of the service's.")
    service: ServiceName | None = Field(default=None, description="Of this service alone.")


def silence_state(starts_at: datetime, ends_at: datetime | None, now: datetime) -> SilenceState:
    """Whether it is to come, applies, or is over."""
    if ends_at is not None and ends_at <= now:
        return "expired"
    return "pending" if starts_at > now else "active"


def _wrong(why: str, field: str) -> InvalidInput:
    return InvalidInput(why, (Detail((field,), why),))
