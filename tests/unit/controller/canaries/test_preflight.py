"""What a replay finds: differences by column and slice, failures, latency; masked columns are left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from controller.domain.canaries.plan import PreflightRule
from controller.domain.canaries.preflight import Replay, Reply, is_same, report_of, rows_of, slice_values

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def replay(before: Any, after: Any, status: int = 200, request: Any = None, ms: float = 10.0) -> Replay:
    return Replay(request, Reply(200, {"predictions": before}, 10.0), Reply(status, after, ms))


def answered(before: Any, after: Any, **more: Any) -> Replay:
    return replay(before, {"predictions": after}, **more)


def test_without_recorded_requests_it_is_skipped() -> None:
    found = report_of(PreflightRule(), [], 3, (), NOW)
    assert (found.state, found.reason, found.left_out) == ("skipped", "there is no recorded request", 3)


def test_the_same_answers_pass() -> None:
    found = report_of(PreflightRule(max_changed=0), [answered([1.0, 2.0], [1.0, 2.0 + 1e-9])], 0, (), NOW)
    assert (found.state, found.rows, found.changed, found.compared_with) == ("passed", 2, 0, "recorded")


def test_differences_are_told_by_column_and_slice() -> None:
    colours = {"dataframe_records": [{"colour": "red"}, {"colour": "white"}]}
    replays = [answered([{"score": 1.0, "label": "a"}, {"score": 2.0, "label": "b"}],
                        [{"score": 1.0, "label": "a"}, {"score": 2.5, "label": "b"}], request=colours)]  # fmt: skip
    found = report_of(PreflightRule(slice="colour", max_changed=0.4), replays, 0, (), NOW)
    assert (found.state, found.reason) == ("failed", "1 of 2 rows have another prediction")
    assert [(c.name, c.compared, c.changed, c.mean_difference, c.max_difference) for c in found.columns] == [
        ("score", 2, 1, 0.25, 0.5),
        ("label", 2, 0, None, None),
    ]
    assert [(s.value, s.compared, s.changed) for s in found.slices] == [("red", 1, 0), ("white", 1, 1)]


def test_requests_that_fail_now_fail_it() -> None:
    refused = {"error_code": "INVALID_PARAMETER_VALUE", "message": "no column alcohol"}
    good = [answered([1], [1])] * 98
    two = report_of(PreflightRule(), [*good, replay([1], refused, 400), replay([1], refused, 400)], 0, (), NOW)
    assert (two.state, two.reason) == ("failed", "2 of 100 requests failed that were answered before")
    assert [(f.status, f.count, f.message) for f in two.failures] == [(400, 2, "no column alcohol")]
    assert report_of(PreflightRule(), [*good, good[0], replay([1], refused, 400)], 0, (), NOW).state == "passed"


def test_a_slow_candidate_fails_only_where_asked() -> None:
    replays = [answered([1], [1], ms=50.0)] * 5
    assert report_of(PreflightRule(), replays, 0, (), NOW).state == "passed"
    slow = report_of(PreflightRule(max_latency_ratio=4), replays, 0, (), NOW)
    assert (slow.state, slow.reason) == ("failed", "median latency 50.0 ms, recorded 10.0 ms")
    assert slow.latency is not None
    assert slow.latency.candidate_p95_ms == 50.0


def test_masked_columns_are_said_and_left_out() -> None:
    replays = [answered([{"card": "***", "score": 1}], [{"card": "1234", "score": 1}])]
    found = report_of(PreflightRule(max_changed=0), replays, 0, ("Card",), NOW)
    assert (found.state, found.masked_columns, found.compared_with) == ("passed", ("Card",), "stable")
    assert [column.name for column in found.columns] == ["score"]


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        ({"predictions": [1, 2]}, [{"prediction": 1}, {"prediction": 2}]),
        ({"predictions": [[0.1, 0.9]]}, [{"prediction_0": 0.1, "prediction_1": 0.9}]),
        ({"predictions": {"a": [1, 2], "b": [3]}}, [{"a": 1, "b": 3}, {"a": 2, "b": None}]),
        ({"predictions": 5}, [{"prediction": 5}]),
    ],
)
def test_answers_become_rows(answer: Any, rows: Any) -> None:
    assert rows_of(answer) == rows


@pytest.mark.parametrize(
    "request_body",
    [
        {"dataframe_split": {"columns": ["a", "c"], "data": [[1, "x"], [2, "y"]]}},
        {"dataframe_records": [{"c": "x"}, {"c": "y"}]},
        {"instances": [{"c": "x"}, {"c": "y"}]},
        {"inputs": {"c": ["x", "y"]}},
    ],
)
def test_a_slice_is_read_from_every_shape(request_body: Any) -> None:
    assert slice_values(request_body, "c") == ["x", "y"]
    assert slice_values(request_body, "none") in ([], [None, None])


HUGE = 10**400
DEEP = json.loads("[" * 900 + "]" * 900)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (1.0, HUGE, 1),
        (HUGE, HUGE, 0),
        (1, float("nan"), 1),
        (float("nan"), float("nan"), 0),
        (float("inf"), float("-inf"), 1),
        (1e308, -1e308, 1),
        ({"a\0\ud800" + "x" * 1000: 1}, {}, 1),
        ([DEEP], [[DEEP]], 1),
    ],
)
def test_whatever_a_model_answers_there_is_a_report_that_can_be_kept(before: Any, after: Any, changed: int) -> None:
    rows = answered([before], [after], request={"dataframe_records": [{"colour": [DEEP]}]})
    found = report_of(PreflightRule(slice="colour"), [rows], 0, (), NOW)
    assert found.changed == changed
    kept = json.dumps(found.model_dump(mode="json"), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in kept
    assert len(kept.encode()) < 2000


def test_sameness() -> None:
    assert is_same([1.0, "a"], [1.0 + 1e-9, "a"], 1e-6)
    assert not is_same([1.0], [1.0, 2.0], 1e-6)
    assert not is_same(True, 2, 1e-6)
    assert not is_same(None, 0, 1e-6)


def test_numbers_that_no_float_holds_are_compared_and_not_subtracted() -> None:
    nan, inf = float("nan"), float("inf")
    assert is_same([nan], [nan], 1e-6)
    assert not is_same(nan, 1.0, 1e-6)
    assert not is_same(10**400, 1.0, 1e-6)
    answers = ([10**400, 1.7e308, inf, nan, 1.0], [1.0, -1.7e308, inf, nan, 1.0])
    before, after = (Reply(200, {"predictions": [{"p": each} for each in side]}, 1.0) for side in answers)
    found = report_of(PreflightRule(), [Replay({}, before, after)], 0, (), NOW)
    assert (found.rows, found.changed, found.columns[0].mean_difference) == (5, 2, 0.0)
