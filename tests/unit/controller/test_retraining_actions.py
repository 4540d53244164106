"""What a retraining's action may hold."""

from __future__ import annotations

from typing import Any

import pytest

from controller.domain.retraining.actions import MOST_LEVELS, AirflowTarget
from shared.errors import InvalidInput

NESTED: Any = []
for _ in range(5_000):
    NESTED = [NESTED]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), ["\ud800"], {"\udfff": 1}, NESTED, "x" * 20_000])
def test_what_no_database_or_bus_can_carry_is_refused(value: Any) -> None:
    target = {"kind": "airflow", "url": "https://a.example.com", "dag_id": "wine"}
    with pytest.raises(InvalidInput, match="conf"):
        AirflowTarget.model_validate({**target, "conf": {"value": value}})
    deepest: Any = 1
    for _ in range(MOST_LEVELS - 1):
        deepest = [deepest]
    AirflowTarget.model_validate({**target, "conf": {"value": deepest}})
    with pytest.raises(InvalidInput, match=f"at most {MOST_LEVELS} levels"):
        AirflowTarget.model_validate({**target, "conf": {"value": [deepest]}})
    assert AirflowTarget.model_validate({**target, "conf": {"值": [1.5, None, "é"]}}).conf["值"] == [1.5, None, "é"]
