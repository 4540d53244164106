"""Moments that people name: any that can be counted with and written in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from shared.errors import InvalidInput

EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


def countable(moment: datetime) -> datetime:
    """`moment` unless it is so near the calendar's ends that another zone cannot write it: then `InvalidInput`."""
    if not EARLIEST <= moment <= LATEST:
        raise InvalidInput(
            f"{moment.isoformat()} is out of range: times lie between {EARLIEST.date()} and {LATEST.date()}"
        )
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(countable)]
