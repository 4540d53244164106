"""Estimated quality beside the realised one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from monitor.domain.statistics.estimates.calibration import calibration_error, fit_calibration, fit_isotonic
from monitor.domain.statistics.estimates.cbpe import estimate_quality
from monitor.domain.statistics.quality.coverage import Coverage, LabelAges
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
    with_gaps = fit_calibration({"1": [*scores, None, np.nan]}, [*labels, 1, 0])
    assert with_gaps == kept


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


def test_coverage_and_the_age_of_labels() -> None:
    delays = np.random.default_rng(35).exponential(100, 20_000)
    ages = LabelAges()
    for batch in np.split(delays, 4):
        ages.add(batch)
    ages.add(np.array([np.nan]))
    found = ages.finish(predicted=40_002)
    assert (found.labelled, found.share) == (20_001, 0.5)
    # Rank error of the sketch: 0.7 %.
    for value, share in ((found.delay_p50_s, 0.5), (found.delay_p90_s, 0.9)):
        assert value is not None
        assert (delays <= value).mean() == pytest.approx(share, abs=0.007)
    assert LabelAges().finish(0) == Coverage(0, 0, None, None)
    assert LabelAges().finish(0).share == 0
