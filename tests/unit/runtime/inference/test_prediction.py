"""What a batch costs when some of its rows are bad."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import pytest

from penstock_runtime.errors import RequestRefused
from penstock_runtime.inference.jobs import PredictJob
from penstock_runtime.inference.prediction import Predictor
from penstock_runtime.inference.requests import CheckedRequest
from penstock_runtime.messages import SCORING, EncodedResponse, RawRequest, ResponseEncoder
from penstock_runtime.outputs.structures import StructureReferences
from penstock_runtime.pod_log import PodLog
from penstock_runtime.sharing.plans import BatchPlan, PredictMode

SHARED = BatchPlan(PredictMode.SHARED, StructureReferences({"list": {1}}, {"float"}))


class Row:
    def __init__(self, value: float) -> None:
        self.value = value
        self.rows = 1
        self.key: Hashable | None = "k"

    def join(self, others: Sequence[Row]) -> list[float]:
        return [self.value, *(other.value for other in others)]


class Picky:
    """Doubles numbers, and raises where one is negative; counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, data: list[float], params: Any) -> list[float]:
        self.calls += 1
        if min(data) < 0:
            raise ValueError("negative")
        return [2 * value for value in data]


def execute(values: Sequence[float]) -> tuple[list[EncodedResponse], int]:
    dialect = ResponseEncoder(lambda output: repr(output).encode(), RequestRefused.body)
    asked = RawRequest(SCORING, "", b"")
    jobs = [
        PredictJob(str(i), CheckedRequest(Row(value), None, "k", dialect), asked, lambda _: None, lambda: False)
        for i, value in enumerate(values)
    ]
    model = Picky()
    report = Predictor(model, PodLog()).predict_batch(jobs, SHARED)  # type: ignore[arg-type]
    return list(report.responses), model.calls


def test_a_good_batch_is_one_predict() -> None:
    outcomes, calls = execute([1.0, 2.0, 3.0])
    assert [outcome.body for outcome in outcomes] == [b"[2.0]", b"[4.0]", b"[6.0]"]
    assert calls == 1


@pytest.mark.parametrize("bad", [0, 31, 63])
def test_one_bad_row_is_found_by_halving(bad: int) -> None:
    values = [float(i + 1) for i in range(64)]
    values[bad] = -1.0
    outcomes, calls = execute(values)
    assert [i for i, outcome in enumerate(outcomes) if outcome.status != 200] == [bad]
    assert [outcomes[i].body for i in range(64) if i != bad] == [
        f"[{2 * value}]".encode() for i, value in enumerate(values) if i != bad
    ]
    assert calls <= 13


@pytest.mark.parametrize("count", [2, 3, 64, 100])
def test_a_batch_of_nothing_but_bad_rows_costs_little_more_than_each_alone(count: int) -> None:
    outcomes, calls = execute([-1.0] * count)
    assert [outcome.status for outcome in outcomes] == [500] * count
    assert calls <= count + 2 * count.bit_length()
