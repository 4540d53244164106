"""Estimated quality beside the realised one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from monitor.domain.statistics.estimates.calibration import calibration_error, fit_calibration, fit_isotonic
from monitor.domain.statistics.estimates.cbpe import estimate_quality
from monitor.domain.statistics.quality.coverage import LagCurve, coverage, known_at
from monitor.domain.statistics.quality.model import model_quality


def sample(rows: int, mean: float, seed: int) -> Any:
    """Labels, true probabilities, and the scores of a model that is too sure of itself."""
    rng = np.random.default_rng(seed)
    truth = 1 / (1 + np.exp(-rng.normal(mean, 1.2, rows)))
    labels = (rng.random(rows) < truth).astype(int)
    return labels, truth, truth**2 / (truth**2 + (1 - truth) ** 2)


def test_isotonic_regression_is_scikit_learns() -> None:
    labels, _, scores = sample(800, 0, 30)
    points = fit_isotonic(scores, labels.astype(float))
    expected = IsotonicRegression(out_of_bounds="clip").fit(scores, labels)
    at = np.linspace(0, 1, 101)
    assert np.interp(at, *points) == pytest.approx(expected.predict(at))


def test_calibration_is_kept_only_where_it_helps() -> None:
    labels, truth, scores = sample(4_000, 0.3, 31)
    kept = fit_calibration({"1": scores}, labels)
    assert set(kept.maps) == {"0", "1"}
    before, after = kept.errors["1"]
    assert after < before / 2
    calibrated = kept.apply({"1": scores, "0": 1 - scores})
    assert calibration_error(calibrated["1"], labels.astype(float)) < 0.02
    assert calibrated["0"] + calibrated["1"] == pytest.approx(np.ones(4_000))
    assert fit_calibration({"1": truth[:200]}, labels[:200]).maps == {}


@pytest.mark.parametrize("mean", [0.0, 1.5])
def test_the_estimate_follows_a_covariate_shift(mean: Any) -> None:
    """Calibrated on one distribution of inputs, estimated on another."""
    labels, _, scores = sample(6_000, 0, 32)
    calibration = fit_calibration({"1": scores}, labels)
    later, _, shifted = sample(6_000, mean, 33)
    said = (shifted > 0.5).astype(int)
    estimate = estimate_quality({"1": shifted}, said, calibration)
    truth = model_quality(later, said, "classification", {"1": shifted})
    assert estimate.estimated
    for name in ("accuracy", "precision", "recall", "f1", "roc_auc"):
        assert estimate.figures[name] == pytest.approx(truth.figures[name], abs=0.03), name
    assert abs(estimate.figures["accuracy"] - truth.figures["accuracy"]) < 3 * estimate.margins["accuracy"]


def test_more_than_two_classes() -> None:
    rng = np.random.default_rng(34)
    scores = rng.dirichlet([2, 2, 1], 5_000)
    labels = np.array([rng.choice(3, p=row) for row in scores])
    said = scores.argmax(axis=1)
    by_class = {str(name): scores[:, name] for name in range(3)}
    estimate, truth = estimate_quality(by_class, said), model_quality(labels, said, "classification", by_class)
    for name in ("accuracy", "f1_macro", "recall_weighted", "roc_auc", "log_loss"):
        assert estimate.figures[name] == pytest.approx(truth.figures[name], abs=0.02), name


def test_a_window_in_which_one_class_alone_was_predicted() -> None:
    labels, _, scores = sample(2_000, 0, 36)
    calibration = fit_calibration({"1": scores}, labels)
    sure = scores[scores > 0.8]
    found = estimate_quality({"1": sure}, np.ones(len(sure), dtype=int), calibration)
    assert found.figures["accuracy"] == pytest.approx(labels[scores > 0.8].mean(), abs=0.03)
    only_one = replace(calibration, maps={"1": calibration.maps["1"]})
    applied = only_one.apply({"1": sure, "0": 1 - sure})
    assert applied["0"] + applied["1"] == pytest.approx(np.ones(len(sure)))
    assert applied["1"] == pytest.approx(calibration.apply({"1": sure, "not 1": 1 - sure})["1"])


def test_what_cannot_be_estimated() -> None:
    with pytest.raises(ValueError, match="one class"):
        estimate_quality({"a": [0.5, 0.2, 0.1]}, ["a", "b", "c"])
    empty = estimate_quality({"a": [None], "b": [0.5]}, ["a"])
    assert (empty.rows, empty.estimated, empty.figures) == (0, True, {})


def test_a_lag_curve_is_not_deceived_by_young_rows() -> None:
    """Delays are exponential with a mean of 100 s; rows came evenly over 300 s."""
    rng = np.random.default_rng(35)
    ages, delays = rng.uniform(0, 300, 20_000), rng.exponential(100, 20_000)
    has_come = delays <= ages
    curve = LagCurve.learn(delays[has_come].tolist(), ages[has_come].tolist())
    naive = (delays[has_come] <= 60).mean()
    # Of labels that come within 300 s.
    expected = (1 - np.exp(-0.6)) / (1 - np.exp(-3))
    assert abs(naive - expected) > 0.05
    assert curve.share_by(60) == pytest.approx(expected, abs=0.03)
    assert curve.age_of(0.5) == pytest.approx(-100 * np.log(1 - 0.5 * (1 - np.exp(-3))), rel=0.08)
    assert (curve.share_by(-1), curve.share_by(1e9), curve.age_of(1.1)) == (0, 1, None)


def test_a_curve_of_old_rows_is_their_distribution() -> None:
    curve = LagCurve.learn([1, 2, 2, 5], [100, 100, 100, 100])
    assert curve.ages_s == (1, 2, 5)
    assert curve.shares == pytest.approx((0.25, 0.75, 1))
    assert LagCurve.learn([], []) == LagCurve()
    with pytest.raises(ValueError, match="1 delays for 2 ages"):
        LagCurve.learn([1], [1, 2])


def test_coverage_and_maturity() -> None:
    curve = LagCurve((10, 20, 30), (0.5, 0.9, 1.0))
    young, old = coverage(100, 40, 15, curve), coverage(100, 80, 40, curve)
    assert (young.share, young.mature, young.expected_share) == (0.4, False, 0.5)
    assert (old.share, old.mature, old.expected_share) == (0.8, True, 1.0)
    assert coverage(10, 10, 0).mature
    assert not coverage(10, 9, 0).mature
    assert coverage(0, 0, 0, curve).share == 0


def test_versions_are_compared_at_equal_age() -> None:
    assert known_at(60, [10, 70, None, 60]) == (True, False, False, True)
