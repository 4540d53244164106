"""Whatever a model returns and however it behaves, each caller's answer is the one to its request alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.sharing_models import DEPENDENT, ROWS, WHOLE, Served, Values
from penstock_runtime.messages import EncodedResponse
from penstock_runtime.outputs.encoding import encode_output
from penstock_runtime.sharing.policy import MAX_UNSPLITTABLE, SharingRule

FEW = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
callers = st.integers(2, 12)
sizes = st.sampled_from([(1,), (2,), (1, 2, 3), (3, 1)])
seeds = st.integers(0, 2**16)
shapes = st.sampled_from(sorted(ROWS) + sorted(WHOLE))


def rounds_of(count: int, sizes: Sequence[int], seed: int, rounds: int = 15) -> list[list[Values]]:
    rng = np.random.default_rng(seed)
    return [[rng.normal(size=sizes[i % len(sizes)]) for i in range(count)] for _ in range(rounds)]


def shape(name: str) -> Callable[[Values], Any]:
    return ROWS.get(name) or WHOLE[name]


def is_answer(outcome: EncodedResponse, function: Callable[[Values], Any], values: Values) -> bool:
    return outcome == EncodedResponse(200, encode_output(function(values), strict=False))


@FEW
@given(shapes, callers, sizes, seeds, st.sampled_from([SharingRule.REQUESTS, SharingRule.ALWAYS]))
def test_rows_that_are_independent(name: str, count: int, sizes: Sequence[int], seed: int, rule: SharingRule) -> None:
    function = shape(name)
    served = Served(function, rule)
    for values, outcome in served.ask(rounds_of(count, sizes, seed)):
        assert is_answer(outcome, function, values), (name, values, outcome)


@FEW
@given(shapes, st.sampled_from(sorted(DEPENDENT)), callers, sizes, seeds)
def test_rows_that_depend_on_others(name: str, how: str, count: int, sizes: Sequence[int], seed: int) -> None:
    def function(values: Values) -> Any:
        return shape(name)(DEPENDENT[how](values))

    for values, outcome in Served(function, SharingRule.REQUESTS).ask(rounds_of(count, sizes, seed)):
        assert is_answer(outcome, function, values), (name, how, values, outcome)


@FEW
@given(shapes, st.booleans(), callers, sizes, seeds)
def test_random_and_stateful_models(name: str, is_random: bool, count: int, sizes: Sequence[int], seed: int) -> None:
    rng, calls = np.random.default_rng(seed), iter(range(10**9))

    def function(values: Values) -> Any:
        return shape(name)(values + (rng.normal(size=len(values)) if is_random else next(calls)))

    served = Served(function, SharingRule.REQUESTS)
    answers = served.ask(rounds_of(count, sizes, seed))
    alone = set(served.model.calls)
    for values, outcome in answers:
        assert (values.tobytes(), outcome.body) in alone


@FEW
@given(shapes, callers, sizes, seeds, st.sampled_from([SharingRule.REQUESTS, SharingRule.ALWAYS]), st.booleans())
def test_models_that_raise(
    name: str, count: int, sizes: Sequence[int], seed: int, rule: SharingRule, is_about_others: bool
) -> None:
    def function(values: Values) -> Any:
        if (values < -1).any() or (is_about_others and len(values) > max(sizes)):
            raise ValueError("no")
        return shape(name)(values)

    for values, outcome in Served(function, rule).ask(rounds_of(count, sizes, seed)):
        if (values < -1).any():
            assert outcome.status == 500
        else:
            assert is_answer(outcome, function, values), (name, values, outcome)


@pytest.mark.parametrize("name", sorted(set(ROWS) - {"labels"}))
def test_answers_that_are_rows_are_shared_once_proven(name: str) -> None:
    served = Served(ROWS[name], SharingRule.REQUESTS)
    served.ask(rounds_of(12, (1, 2), seed=1))
    assert served.sharing.verdict.shares
    assert served.sharing.verdict.reason == "requests"
    assert max(served.model.rows[-20:]) == 18  # the rows of all twelve


@pytest.mark.parametrize("name", sorted(set(WHOLE) - {"squeezed"}))
@pytest.mark.parametrize("rule", [SharingRule.REQUESTS, SharingRule.ALWAYS])
def test_answers_that_are_not_rows_are_never_shared(name: str, rule: SharingRule) -> None:
    served = Served(WHOLE[name], rule)
    served.ask(rounds_of(12, (1,), seed=1))
    assert (served.sharing.verdict.shares, served.sharing.verdict.reason) == (False, "structure")
    assert "not one row for each row asked" in served.sharing.verdict.message
    assert set(served.model.rows[-100:]) == {1}


@pytest.mark.parametrize("how", sorted(DEPENDENT))
def test_dependence_is_found_with_the_first_requests(how: str) -> None:
    served = Served(DEPENDENT[how], SharingRule.REQUESTS)
    served.ask(rounds_of(6, (1,), seed=3, rounds=2))
    assert (served.sharing.verdict.shares, served.sharing.verdict.reason) == (False, "dependent")


def test_labels_need_more_evidence_and_one_label_is_none() -> None:
    served = Served(ROWS["labels"], SharingRule.REQUESTS)
    served.ask(rounds_of(8, (1,), seed=1, rounds=30))
    assert served.sharing.verdict.reason == "unproven"
    served = Served(ROWS["labels"], SharingRule.REQUESTS)
    served.ask(rounds_of(8, (2,), seed=1, rounds=30))
    assert served.sharing.verdict.shares
    constant = Served(lambda values: np.zeros(len(values)), SharingRule.REQUESTS)
    constant.ask(rounds_of(8, (4,), seed=1, rounds=30))
    assert constant.sharing.verdict.reason == "unproven"


def test_custom_code_is_never_asked_twice() -> None:
    served = Served(ROWS["array"], SharingRule.LOAD)
    rounds = rounds_of(8, (1,), seed=1)
    served.ask(rounds)
    assert len(served.model.calls) == 8 * len(rounds)
    assert served.sharing.verdict.reason == "unproven"


def test_the_owner_shares_without_a_second_call() -> None:
    served = Served(ROWS["array"], SharingRule.ALWAYS)
    served.ask(rounds_of(8, (1,), seed=1))
    assert sum(served.model.rows) == 8 * 15
    assert max(served.model.rows) == 8
    assert (served.sharing.verdict.shares, served.sharing.verdict.reason) == (True, "option")


def test_the_owner_may_forbid_it() -> None:
    served = Served(ROWS["array"], SharingRule.NEVER)
    served.ask(rounds_of(8, (1,), seed=1))
    assert set(served.model.rows) == {1}
    assert (served.sharing.verdict.shares, served.sharing.verdict.reason) == (False, "option")


def test_a_model_that_changes_is_found_before_the_batch_is_answered() -> None:
    is_changed = False

    def function(values: Values) -> Any:
        return values - values.mean() if is_changed else values

    served = Served(function, SharingRule.REQUESTS)
    served.ask(rounds_of(8, (1,), seed=1, rounds=6))
    assert served.sharing.verdict.shares
    is_changed = True
    for values, outcome in served.ask(rounds_of(8, (1,), seed=2, rounds=5)):
        assert is_answer(outcome, function, values)
    assert served.sharing.verdict.reason == "dependent"


def test_asking_again_takes_one_percent_of_the_time() -> None:
    served = Served(ROWS["array"], SharingRule.REQUESTS)
    served.sharing.batches = 20
    served.sharing.predict_s = 1000.0
    served.ask(rounds_of(8, (1,), seed=1, rounds=6))
    assert served.sharing.verdict.shares
    served.sharing.predict_s, served.sharing.recheck_s = 1.0, 0.01
    before = len(served.model.calls)
    served.ask(rounds_of(8, (1,), seed=2, rounds=10))
    assert len(served.model.calls) - before <= 11


def test_a_column_whose_type_follows_the_others_is_given_to_nobody() -> None:
    """An integer alone, a float beside a row without a value: what pandas makes of a column with a gap."""

    def function(values: Values) -> Any:
        numbers = np.round(values * 1000)
        return numbers if (values < -1).any() else numbers.astype(int)

    served = Served(function, SharingRule.REQUESTS)
    for values, outcome in served.ask(rounds_of(8, (1,), seed=5)):
        assert json.loads(outcome.body) == json.loads(encode_output(function(values), strict=False))
        assert type(json.loads(outcome.body)["predictions"][0]) is type(function(values).tolist()[0])


def test_strange_answers_are_put_up_with_a_few_times() -> None:
    served = Served(WHOLE["list of two arrays"], SharingRule.ALWAYS)
    served.ask(rounds_of(4, (2,), seed=1, rounds=MAX_UNSPLITTABLE + 5))
    assert set(served.model.rows[-12:]) == {2}
