"""Durations: people write and read 90m or `1 h 30 min`, the API takes and gives ISO-8601 (PT1H30M). Pure."""

from __future__ import annotations

import re
from typing import Any

import typer

_SPAN = re.compile(r"(?P<count>[0-9]{1,9})(?P<unit>[smhdw])\Z", re.ASCII)
_ISO = re.compile(
    r"P(?!\Z)(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?(?:T(?!\Z)(?:(?P<h>\d+)H)?(?:(?P<min>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?\Z",
    re.ASCII,
)


def parse_duration(text: str) -> str:
    """`90m`, 12h, 7d, 2w, 10s, or ISO-8601, as ISO-8601; a usage error for anything else."""
    if _ISO.match(text.upper()):
        return text.upper()
    if (found := _SPAN.match(text)) is None:
        raise typer.BadParameter(f"{text!r} is no duration: write 10s, 90m, 12h, 7d or 2w, or PT1H30M")
    unit = found["unit"].upper()
    return f"P{'T' if unit in 'SMH' else ''}{int(found['count'])}{unit}"


def parse_schedule(text: str) -> str:
    """A duration likewise, or five fields of cron, which the platform checks."""
    if len(text.split()) == 5:
        return text
    try:
        return parse_duration(text)
    except typer.BadParameter:
        raise typer.BadParameter(f'{text!r} is neither a duration, such as 1h or 7d, nor cron: "0 3 * * *"') from None


def duration_option(description: str) -> Any:
    """An option that `parse_duration` reads."""
    return typer.Option(parser=parse_duration, metavar="DURATION", help=description)


def schedule_option(description: str) -> Any:
    """An option that `parse_schedule` reads."""
    return typer.Option(parser=parse_schedule, metavar="SCHEDULE", help=description)


def format_duration(text: str) -> str:
    """`PT1H30M` as `1 h 30 min`; what is no duration, such as cron, stays as it is."""
    if (found := _ISO.match(text)) is None:
        return text
    parts = [f"{value.removesuffix('.0')} {unit}" for unit, value in found.groupdict().items() if value is not None]
    return " ".join(part for part in parts if not part.startswith("0 ")) or "0 s"
