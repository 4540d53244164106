"""Quality of a model agrees with scikit-learn."""

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from monitor.domain.statistics.quality import ranking
from monitor.domain.statistics.quality.model import MAX_CLASSES, QualityBuilder, model_quality
from monitor.domain.statistics.quality.worst import WorstRows


@pytest.fixture(scope="module")
def two_classes() -> Any:
    rng = np.random.default_rng(20)
    probability = rng.beta(2, 3, 2_000).round(3)
    truth = (rng.random(2_000) < probability**1.3).astype(int)
    return truth, (probability > 0.5).astype(int), probability


@pytest.fixture(scope="module")
def three_classes() -> Any:
    rng = np.random.default_rng(21)
    scores = rng.dirichlet([2, 1, 1], 1_500)
    truth = np.array([rng.choice(3, p=row) for row in scores])
    names = np.array(["cat", "dog", "eel"])
    return names[truth], names[scores.argmax(axis=1)], scores, names


def test_two_classes(two_classes: Any) -> None:
    truth, said, probability = two_classes
    found = model_quality(truth, said, "classification", {"1": probability}).figures
    expected = {
        "accuracy": metrics.accuracy_score(truth, said),
        "precision": metrics.precision_score(truth, said),
        "recall": metrics.recall_score(truth, said),
        "f1": metrics.f1_score(truth, said),
        "precision_macro": metrics.precision_score(truth, said, average="macro"),
        "recall_weighted": metrics.recall_score(truth, said, average="weighted"),
        "roc_auc": metrics.roc_auc_score(truth, probability),
        "log_loss": metrics.log_loss(truth, probability),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_batches_that_show_one_class_alone_count_as_any(two_classes: Any) -> None:
    truth, _, probability = two_classes
    order = np.argsort(-truth, kind="stable")
    builder = QualityBuilder("classification", "1")
    for rows in np.array_split(order, 7):
        builder.add(truth[rows], truth[rows], {"1": probability[rows]})
    found = builder.finish().figures
    assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, probability))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, probability))


def test_one_score_of_three_classes_has_no_log_loss(three_classes: Any) -> None:
    truth, said, scores, names = three_classes
    found = model_quality(truth, said, "classification", {names[0]: scores[:, 0]}).figures
    assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth == names[0], scores[:, 0]))
    assert "log_loss" not in found


def test_the_positive_class_can_be_chosen(two_classes: Any) -> None:
    truth, said, _ = two_classes
    found = model_quality(truth, said, "classification", positive="0").figures
    assert found["precision"] == pytest.approx(metrics.precision_score(truth, said, pos_label=0))
    assert "roc_auc" not in found


def test_three_classes(three_classes: Any) -> None:
    truth, said, scores, names = three_classes
    quality = model_quality(truth, said, "classification", dict(zip(names, scores.T, strict=True)))
    for average in ("macro", "weighted"):
        for name in ("precision", "recall", "f1"):
            expected = getattr(metrics, f"{name}_score")(truth, said, average=average)
            assert quality.figures[f"{name}_{average}"] == pytest.approx(expected)
    expected = metrics.roc_auc_score(truth, scores, multi_class="ovr", average="weighted")
    assert quality.figures["roc_auc"] == pytest.approx(expected)
    assert quality.figures["log_loss"] == pytest.approx(metrics.log_loss(truth, scores))
    assert "precision" not in quality.figures
    table = metrics.confusion_matrix(truth, said, labels=names)
    for one, label, count in quality.confusion:
        assert table[list(names).index(label), list(names).index(one)] == count
    assert sum(count for *_, count in quality.confusion) == 1_500


def test_a_class_that_is_never_predicted_counts_as_zero() -> None:
    truth, said = ["a", "b", "c", "c"], ["a", "a", "c", "d"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = metrics.precision_recall_fscore_support(truth, said, average="macro", zero_division=0)
    found = model_quality(truth, said, "classification").figures
    assert [found["precision_macro"], found["recall_macro"], found["f1_macro"]] == pytest.approx(expected[:3])


def test_regression() -> None:
    rng = np.random.default_rng(22)
    truth = rng.normal(5, 2, 3_000)
    said = truth + rng.normal(0.3, 1, 3_000)
    builder = QualityBuilder("regression")
    for start in range(0, 3_000, 700):
        builder.add(pa.array(truth[start : start + 700]), said[start : start + 700])
    quality = builder.finish()
    expected = {
        "mae": metrics.mean_absolute_error(truth, said),
        "mse": metrics.mean_squared_error(truth, said),
        "rmse": metrics.root_mean_squared_error(truth, said),
        "mape": metrics.mean_absolute_percentage_error(truth, said),
        "r2": metrics.r2_score(truth, said),
        "mean_error": float((said - truth).mean()),
    }
    assert dict(quality.figures) == pytest.approx(expected)
    assert quality.rows == 3_000
    assert quality.margins["mean_error"] == pytest.approx(1.96 / np.sqrt(3_000), rel=0.05)


def test_equal_labels_have_no_r2() -> None:
    assert "r2" not in model_quality([2.0, 2.0], [1.0, 2.0], "regression").figures


def test_rows_without_a_label_or_prediction_are_left_out() -> None:
    found = model_quality([1, None, 2, 2], [1.0, 2.0, None, 2.0], "classification")
    assert (found.rows, found.figures["accuracy"], found.classes) == (2, 1.0, ("1", "2"))
    found = model_quality(pa.array([1.0, None, np.nan]), [2.0, 2.0, 2.0], "regression")
    assert (found.rows, found.figures["mae"]) == (1, 1.0)
    assert model_quality([], [], "regression").figures == {}
    assert model_quality([None], ["a"], "classification").figures == {}


def test_classes_are_texts_of_one_spelling() -> None:
    found = model_quality([True, False], ["true", "true"], "classification")
    assert found.figures["accuracy"] == 0.5
    assert model_quality([10.0, 9.0], pa.array([10, 9], pa.int32()), "classification").classes == ("9", "10")


def test_true_is_1_beside_numbers_and_a_word_beside_words() -> None:
    labels, said = pa.array([True, False, None, True]), pa.array([1, 0, 1, 0])
    for one, other in ((labels, said), (said, labels), (labels, pa.array([1.0, 0.0, 1.0, 0.0]))):
        found = model_quality(one, other, "classification", positive="1")
        assert (found.rows, found.classes) == (3, ("0", "1"))
        assert found.figures["accuracy"] == pytest.approx(2 / 3)
    words = model_quality(labels, pa.array(["true", "false", "true", "false"]), "classification")
    assert words.figures["accuracy"] == pytest.approx(2 / 3)


def test_numbers_beyond_all_bounds_are_as_bad_as_they_are() -> None:
    found = model_quality(np.zeros(400), np.full(400, 1e200), "regression")
    assert found.figures["mae"] == pytest.approx(1e200)
    assert found.margins["mae"] == 0.0


def test_batches_of_scores_add_up(two_classes: Any, monkeypatch: Any) -> None:
    truth, said, probability = two_classes
    whole = model_quality(truth, said, "classification", {"1": probability}).figures
    for kept in (100_000, 500):
        monkeypatch.setattr(ranking, "KEPT_ROWS", kept)
        builder = QualityBuilder("classification")
        for start in range(0, 2_000, 300):
            part = slice(start, start + 300)
            builder.add(truth[part], said[part], {"1": probability[part]})
        assert dict(builder.finish().figures) == pytest.approx(dict(whole), abs=1e-6)


def test_rows_without_a_score_do_not_count_for_the_ranking(two_classes: Any) -> None:
    truth, said, probability = two_classes
    scores = pa.array([None, *probability[1:]])
    found = model_quality(truth, said, "classification", {"1": scores})
    assert found.rows == 2_000
    assert found.figures["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth[1:], probability[1:]))


def test_the_worst_rows_are_kept_over_batches() -> None:
    worst = WorstRows("regression", kept=3)
    for start in (0, 4):
        truth = pa.array([0.0, 1.0, None, 5.0])
        said = pa.array([0.5, 1.0, 9.0, 1.0 + start])
        worst.add(truth, said, pa.record_batch({"row": pa.array(range(start, start + 4))}))
    assert worst.finish() == [{"error": 4.0, "row": 3}, {"error": 0.5, "row": 0}, {"error": 0.5, "row": 4}]


def test_wrong_classes_are_ranked_by_the_labels_probability() -> None:
    worst = WorstRows("classification")
    rows = pa.record_batch({"row": [0, 1, 2, 3, 4]})
    worst.add([1, 0, 1, None, 1], [0, 1, 1, 1, 0], rows, {"1": [0.2, 0.9, 0.6, 0.7, None]})
    assert [(round(row["error"], 9), row["row"]) for row in worst.finish()] == [(1.0, 4), (0.9, 1), (0.8, 0)]
    without = WorstRows("classification")
    without.add([1, 0], [0, 0], rows.slice(0, 2))
    assert without.finish() == [{"error": 1.0, "row": 0}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1], [1, 2], "classification"), "1 labels for 2 predictions"),
        ((["a"], [1], "regression"), "not numbers"),
        ((["a"], ["a"], "classification", {"a": [1.5]}), "not probabilities"),
        ((["a"], ["a"], "classification", {"a": [0.5, 0.5]}), "2 scores"),
        (([{"a"}], ["a"], "classification"), "not classes"),
        ((list(range(MAX_CLASSES + 1)), list(range(MAX_CLASSES + 1)), "classification"), "not a classification"),
    ],
)
def test_what_is_no_quality_is_refused(arguments: Any, message: Any) -> None:
    with pytest.raises(ValueError, match=message):
        model_quality(*arguments)
