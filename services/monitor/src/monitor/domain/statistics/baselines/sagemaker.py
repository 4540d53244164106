"""SageMaker Model Monitor's `statistics.json` and `constraints.json` as a baseline and expectations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.baselines.expectations import ColumnExpectation


def baseline_from_statistics(statistics: Mapping[str, Any]) -> Baseline:
    """ValueError, naming the field, where the document has not the documented shape."""
    raise NotImplementedError


def expectations_from_constraints(constraints: Mapping[str, Any]) -> tuple[ColumnExpectation, ...]:
    """ValueError, naming the field, where the document has not the documented shape."""
    raise NotImplementedError
