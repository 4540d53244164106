"""Lengths of windows in the words of Databricks' tables: `30 minutes`, `1 hour`, `2 weeks`."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60))
_WRITTEN = re.compile(r"(\d{1,9}) (second|minute|hour|day|week)s?")


def granularity_text(length: timedelta) -> str:
    """As Databricks writes it."""
    seconds = int(length.total_seconds())
    for name, unit in _UNITS:
        if seconds % unit == 0:
            count = seconds // unit
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"


def parse_granularity(text: str) -> timedelta:
    """ValueError where it is none; months and years are none, as their lengths differ."""
    found = _WRITTEN.fullmatch(" ".join(text.lower().split()))
    seconds = int(found[1]) * dict(_UNITS).get(found[2], 1) if found is not None else 0
    if not 0 < seconds <= timedelta(days=366).total_seconds():
        raise ValueError(f"{text!r} is no length of windows: '5 minutes', '1 hour', '1 day', '2 weeks', up to 366 days")
    return timedelta(seconds=seconds)
