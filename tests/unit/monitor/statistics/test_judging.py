"""From figures to states."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitor.domain.statistics.drift.figures import DriftFigures
from monitor.domain.statistics.drift.figures import TestResult as Result
from monitor.domain.statistics.drift.hypothesis_tests import homogeneity
from monitor.domain.statistics.judging.correction import benjamini_hochberg
from monitor.domain.statistics.judging.drift import DriftRule, judge_drift, worst
from monitor.domain.statistics.judging.quality import Bounds, excess, judge_figure
from monitor.domain.statistics.judging.states import State, of_windows, worst_of


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_correction_is_scipys(p_values: Any) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values).tolist())


def test_no_columns_need_no_correction() -> None:
    assert benjamini_hochberg([]) == ()


def figure(column: Any = "x", psi: Any = 0.3, p: Any = 1e-9, rows: Any = 1_000, floor: Any = 0.05) -> Any:
    return DriftFigures(
        column=column,
        kind="numeric",
        data_type="double",
        rows=rows,
        baseline_rows=5_000,
        bins=10,
        psi=psi,
        chi_squared=Result(stats.chi2.isf(p, 9), p, 9),
        p_value=p,
        floors={"psi": floor},
    )


@pytest.mark.parametrize(
    ("one", "state", "threshold", "limited_by"),
    [
        (figure(psi=0.05), "ok", 0.1, "threshold"),
        (figure(psi=0.1), "warning", 0.1, "threshold"),
        (figure(psi=0.25), "critical", 0.25, "threshold"),
        # A distance that chance gives to so few rows says nothing, however low the user's threshold.
        (figure(psi=0.15, floor=0.2), "ok", 0.2, "noise_floor"),
        (figure(psi=0.21, floor=0.2), "warning", 0.2, "noise_floor"),
        (figure(psi=0.4, floor=0.5), "ok", 0.5, "noise_floor"),
        # Large, and not significant.
        (figure(psi=0.4, p=0.2), "ok", 0.1, "threshold"),
    ],
)
def test_effective_thresholds(one: Any, state: Any, threshold: Any, limited_by: Any) -> None:
    (verdict,) = judge_drift([one], DriftRule())
    assert (verdict.state, verdict.threshold, verdict.limited_by) == (state, threshold, limited_by)


def test_many_columns_are_judged_together() -> None:
    borderline = figure(p=0.02)
    assert judge_drift([borderline], DriftRule())[0].state == "critical"
    others = [figure(f"c{number}", psi=0.01, p=0.9) for number in range(9)]
    found = judge_drift([borderline, *others], DriftRule())
    assert found[0].adjusted_p == pytest.approx(0.2)
    assert worst(found) == "ok"
    assert worst(judge_drift([borderline, *others], DriftRule(false_discovery_rate=1))) == "critical"


def test_columns_with_too_few_rows_are_left_out_of_the_correction() -> None:
    few = [figure(f"c{number}", rows=20, p=0.9) for number in range(9)]
    found = judge_drift([figure(p=0.02), *few], DriftRule())
    assert found[0].state == "critical"
    assert {one.state for one in found[1:]} == {"insufficient_data"}
    assert found[1].reason == "The window has 20 values of c0; 500 are needed."
    assert worst(found) == "critical"
    assert worst(found[1:]) == "insufficient_data"


def test_a_metric_that_means_nothing_for_a_column_is_an_error() -> None:
    (verdict,) = judge_drift([figure()], DriftRule(metric="wasserstein"))
    assert (verdict.state, verdict.reason) == ("error", "wasserstein is not defined for x, which is numeric (double).")


def test_rows_that_are_not_independent_count_for_less() -> None:
    one = figure(psi=0.12, p=1e-4, floor=0.05)
    assert judge_drift([one], DriftRule())[0].state == "warning"
    (dependent,) = judge_drift([one], DriftRule(design_factor=4))
    assert dependent.state == "ok"
    assert dependent.floor == pytest.approx(0.2)
    assert dependent.adjusted_p == pytest.approx(stats.chi2.sf(stats.chi2.isf(1e-4, 9) / 4, 9))


def false_alarms(windows: int, columns: int, seed: int) -> float:
    """The share of windows in which any column alarms, thresholds at 0: the noise floor and the correction alone."""
    rng = np.random.default_rng(seed)
    share = np.full(10, 0.1)
    rule = DriftRule(warning=0.0, critical=None)
    alarms = 0
    for _ in range(windows):
        before, now = rng.multinomial(4_000, share, columns), rng.multinomial(1_000, share, columns)
        tests = [homogeneity(*pair) for pair in zip(before, now, strict=True)]
        figures = [
            DriftFigures(
                f"c{place}", "numeric", "double", 1_000, 4_000, 10, psi=1.0, chi_squared=test, p_value=test.p_value
            )
            for place, test in enumerate(tests)
        ]
        alarms += worst(judge_drift(figures, rule)) == "warning"
    return alarms / windows


@pytest.mark.parametrize(("windows", "columns"), [(400, 1), (150, 20)])
def test_false_alarms_stay_at_the_rate(windows: Any, columns: Any) -> None:
    """5 %, with three deviations of the binomial spread."""
    assert abs(false_alarms(windows, columns, seed=13) - 0.05) < 3 * (0.05 * 0.95 / windows) ** 0.5 + 0.005


@pytest.mark.long
@pytest.mark.parametrize("columns", [1, 20, 100])
def test_false_alarms_in_a_thousand_windows(columns: Any) -> None:
    assert 0.03 < false_alarms(1_000, columns, seed=14) < 0.07


OK: State = "ok"
BAD: State = "warning"
WORSE: State = "critical"
FEW: State = "insufficient_data"
WRONG: State = "error"


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([], FEW),
        ([OK], OK),
        ([BAD], OK),
        ([BAD, BAD], BAD),
        ([BAD, OK, WORSE], BAD),
        ([WORSE, OK, WORSE], WORSE),
        ([BAD, BAD, OK, OK], OK),
        ([BAD, BAD, OK], BAD),
        # What says nothing is passed over.
        ([BAD, FEW, WRONG, BAD], BAD),
        ([OK, BAD, FEW, FEW, OK, BAD], BAD),
        ([BAD, BAD, FEW], FEW),
        ([BAD, BAD, WRONG], WRONG),
    ],
)
def test_two_of_three_windows(states: Any, state: Any) -> None:
    assert of_windows(states, 2, 3) == state


def test_windows_needed_are_a_possible_number() -> None:
    for needed, of in ((0, 3), (4, 3)):
        with pytest.raises(ValueError, match=f"{needed} of {of}"):
            of_windows([OK], needed, of)


def test_the_worst_state() -> None:
    assert worst_of([]) == FEW
    assert worst_of([FEW, WRONG]) == WRONG
    assert worst_of([FEW, OK, WRONG]) == WRONG
    assert worst_of([OK, WRONG, BAD]) == BAD
    assert worst_of([BAD, WORSE, FEW]) == WORSE
    assert worst_of([OK, FEW]) == OK


def test_how_far_past_a_threshold() -> None:
    assert excess(0.3, 0.2) == pytest.approx(0.5)
    assert excess(0.6, 0.8, is_lower_worse=True) == pytest.approx(0.25)
    assert (
        excess(-1.0, 0.5, is_lower_worse=True)
        > excess(0.4, 0.5, is_lower_worse=True)
        > excess(0.6, 0.5, is_lower_worse=True)
    )
    assert (excess(0.3, None), excess(0.3, 0.0), excess(None, 0.2)) == (0.3, 0.3, float("-inf"))


@pytest.mark.parametrize(
    ("value", "margin", "state"), [(0.0, 0, OK), (0.05, 0, OK), (0.06, 0, BAD), (0.06, 0.02, OK), (0.3, 0.02, WORSE)]
)
def test_shares_that_should_be_low(value: Any, margin: Any, state: Any) -> None:
    bounds = Bounds("above", 0.05, 0.2)
    assert judge_figure("null_rate", value, 1_000, bounds, margin=margin).state == state


def test_figures_that_should_be_high() -> None:
    bounds = Bounds("below", 0.8, 0.6, min_sample=100)
    assert judge_figure("accuracy", 0.79, 200, bounds).state == BAD
    assert judge_figure("accuracy", 0.79, 200, bounds, margin=0.05).state == OK
    assert judge_figure("accuracy", 0.5, 200, bounds, margin=0.05).threshold == 0.6
    few = judge_figure("accuracy", 0.5, 99, bounds)
    assert (few.state, few.reason) == (FEW, "accuracy has 99 rows; 100 are needed.")
    assert judge_figure("r2", None, 200, bounds).state == FEW
    assert judge_figure("r2", 0.7, 200, Bounds("below", None, 0.6)).state == FEW
