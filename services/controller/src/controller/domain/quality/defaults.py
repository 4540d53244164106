"""Rules that a service gets when it is published, from what its model says of its columns. One of them alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.domain.quality.monitors import EVERY, BaselineCommand, NewMonitor

MOST_COLUMNS = 256


def default_monitors(signature: Mapping[str, Any] | None, *, is_recorded: bool) -> Iterator[NewMonitor]:
    """Errors of every service; drift, nulls and new values where its requests are recorded.

    `signature`: `inputs` as MLflow has them. Nobody is told of anything but drift: it needs no labels, and what is
    expected of a model's other figures nobody has said yet.
    """
    yield NewMonitor(
        name="errors", kind="service_quality", metric="error_rate", warning=0.01, critical=0.05, alert="none"
    )
    if not is_recorded:
        return
    yield NewMonitor(
        name="drift",
        kind="drift",
        metric="psi",
        baseline=BaselineCommand(kind="training"),
        warning=0.1,
        critical=0.25,
        windows="2 of 3",
    )
    columns = _columns(signature)
    if required := [name for name, column in columns.items() if column.get("required", True)]:
        yield NewMonitor(
            name="nulls",
            kind="data_quality",
            metric="null_rate",
            columns=required,
            warning=0.01,
            critical=0.05,
            alert="none",
        )
    if texts := [name for name, column in columns.items() if column.get("type") == "string"]:
        yield NewMonitor(
            name="new-values",
            kind="data_quality",
            metric="new_value_rate",
            columns=texts,
            baseline=BaselineCommand(kind="training"),
            warning=0.05,
            critical=0.2,
            alert="none",
        )


def _columns(signature: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """Named input columns; none of a tensor, or of more columns than a rule may name."""
    inputs = (signature or {}).get("inputs")
    if not isinstance(inputs, list) or len(inputs) > MOST_COLUMNS:
        return {}
    found = ((column.get("name"), column) for column in inputs if isinstance(column, Mapping))
    return {name: column for name, column in found if isinstance(name, str) and _is_name(name)}


def _is_name(name: str) -> bool:
    """And none that means all columns."""
    return 0 < len(name) <= 256 and name.isprintable() and name != EVERY
