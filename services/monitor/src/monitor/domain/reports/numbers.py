"""Numbers and times as they are written in a report."""

from __future__ import annotations

import math
from datetime import UTC, datetime


def number(value: float | None) -> str:
    """Three significant digits or whole thousands; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if value == int(value) and size < 1e15:
        text = f"{int(value):,}"
    elif size >= 1e9 or size < 1e-3:
        text = f"{value:.2e}"
    elif size >= 1000:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.{max(0, 2 - math.floor(math.log10(size)))}f}"
    return text.replace("-", "−", 1) if text.startswith("-") else text


def tick(value: float) -> str:
    """A round number on an axis, without trailing zeros."""
    if value and (abs(value) >= 1e6 or abs(value) < 1e-3):
        return number(float(f"{value:.6g}"))
    return f"{float(f'{value:.6g}'):,g}".replace("-", "−")


def percent(share: float | None) -> str:
    """Of a share from 0 to 1."""
    if share is None:
        return "–"
    shown = 100 * share
    if 0 < shown < 0.1:
        return "<0.1 %"
    return f"{shown:.0f} %" if shown >= 10 or shown == int(shown) else f"{shown:.1f} %"


def p_value(value: float | None) -> str:
    """Small ones as a bound."""
    if value is None:
        return "–"
    return "<0.0001" if value < 1e-4 else f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def time(at: datetime) -> str:
    """In UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")


def moment(seconds: float) -> str:
    """Seconds since 1970 as a date, with the time where it has one."""
    try:
        return time(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, OSError, ValueError):
        return number(seconds)
