"""Columns as real life has them: without values, of lists, of as many values as rows, with texts no database takes."""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.domain.rules.slicing import MOST_SLICES, SliceBy, Sliced
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.handlers.rules.build import reports_of
from quality_tables import HOUR, LABELS, NOON, SCHEMA, named, wine_rows
from running_services.running_rules import Rules
from shared.contracts.quality.monitors import Baseline
from shared.contracts.rpc.quality import DistributionQuery

DRIFT = {"warning": 0.1, "critical": 0.25, "min_sample": 500, "baseline": Baseline(kind="window")}
WIDE = pa.schema([*SCHEMA, named("tags", pa.list_(pa.string()), "feature"), named("note", pa.string(), "feature")])


async def test_columns_without_values_say_so_and_none_that_is_named_is_passed_over(quality: Rules) -> None:
    lake = quality.lake
    extra: dict[str, Any] = {"tags": [["a"]] * 600, "note": ["x" * 300] * 600}
    rows = wine_rows(NOON, 600, seed=1, **extra)
    rows["prediction"] = [None] * 600
    lake.write(rows, schema=WIDE)
    columns = ("alcohol", "f_fixed_acidity", "colour", "tags", "note", "prediction")
    named_rule = lake.rule("named", "drift", "ks", columns=columns, **DRIFT)
    every = lake.rule("every", "drift", "psi", **DRIFT)
    alone = lake.rule("alone", "drift", "psi", columns=("alcohol",), **DRIFT)
    await quality.evaluate()
    rows = wine_rows(NOON + HOUR, 600, seed=2, **extra)
    rows["alcohol"] = [None] * 300 + [float("nan")] * 200 + [float("inf")] * 100
    lake.write(rows, schema=WIDE)
    quality.clock.at += HOUR
    await quality.evaluate()
    end = NOON + 2 * HOUR
    found = {each.column: each for each in await quality.windows(named_rule) if each.end == end}
    assert found.keys() == set(columns)
    assert (found["alcohol"].state, found["alcohol"].reason) == (
        "insufficient_data",
        "The window has 0 values of alcohol; 500 are needed.",
    )
    assert (found["prediction"].state, found["prediction"].reason) == (
        "insufficient_data",
        "The baseline has 0 values of prediction; 500 are needed.",
    )
    assert found["f_fixed_acidity"].state == "ok"
    for name in ("colour", "tags", "note"):
        assert (found[name].state, f"ks is not defined for {name}" in (found[name].reason or "")) == ("error", True)
    states = {each.column: each.state for each in await quality.windows(every) if each.end == end}
    assert states == {"f_fixed_acidity": "ok", "colour": "ok", "alcohol": "insufficient_data"}
    assert [each.state for each in await quality.windows(alone)] == ["insufficient_data"] * 2


async def test_a_window_without_rows_has_a_distribution_of_none(quality: Rules) -> None:
    lake, reports = quality.lake, reports_of(quality.rules)
    lake.write(wine_rows(NOON, 600, seed=1))
    rule = lake.rule("drift", "drift", "psi", **DRIFT)
    await quality.evaluate()
    quality.clock.at += HOUR
    await quality.evaluate()
    for column in ("alcohol", "colour"):
        found = await reports.distribution(DistributionQuery(id=rule.id, end=NOON + 2 * HOUR, column=column))
        assert (found.column, found.window.rows, found.window.mean) == (column, 0, None)


async def test_slices_of_any_column_are_judged_or_refused(each_quality: Rules) -> None:
    quality = each_quality
    lake = quality.lake
    texts = [f"\x00{place % 2}" for place in range(400)]
    lake.write(wine_rows(NOON, 400, tags=[["a"]] * 400, note=texts), schema=WIDE)
    given = {"columns": ("alcohol",), "warning": 0.1, "min_sample": 10}
    lists = lake.rule("lists", "data_quality", "null_rate", slice="tags", **given)
    nul = lake.rule("nul", "data_quality", "null_rate", slice="note", **given)
    await quality.evaluate()
    (refused,) = await quality.windows(lists)
    assert (refused.state, refused.reason) == ("error", "there are no slices by tags, which is ARRAY<STRING>")
    assert {each.slice for each in await quality.windows(nul)} == {None, "note=\ufffd0", "note=\ufffd1"}


async def test_a_season_that_has_no_earlier_weeks_yet_is_no_error(quality: Rules) -> None:
    lake = quality.lake
    lake.write(wine_rows(NOON, 600, seed=1))
    rule = lake.rule("season", "drift", "psi", **{**DRIFT, "baseline": Baseline(kind="seasonal", weeks=3)})
    await quality.evaluate()
    (found,) = await quality.windows(rule)
    assert (found.state, found.rows) == ("insufficient_data", 600)
    assert found.reason == "the baseline has no rows yet: the same window of 3 earlier weeks"


async def test_labels_that_are_words_beside_predictions_that_are_numbers_are_no_accuracy_of_0(quality: Rules) -> None:
    lake = quality.lake
    rows = wine_rows(NOON, 400, seed=1, prediction=[float(place % 2) for place in range(400)])
    lake.write(rows)
    rule = lake.rule("exact", "model_quality", "accuracy", warning=0.9, min_sample=10)
    given = {"labelled_at": [NOON] * 400, "label_received_at": [NOON] * 400, "label_revision": [1] * 400}
    schema = pa.schema([*list(LABELS)[:-1], named("label", pa.string(), "label", "")])
    words = ["yes" if place % 2 else "no" for place in range(400)]
    lake.write({**rows, **given, "label": words}, "labelled", schema)
    await quality.evaluate()
    (found,) = await quality.windows(rule)
    assert (found.state, found.value) == ("error", None)
    assert "labels (no, yes) and predictions (0, 1) have no class in common" in (found.reason or "")


def test_a_slice_of_as_many_values_as_rows_costs_no_more_than_those_that_are_kept() -> None:
    batch = pa.record_batch({"value": np.arange(65_536, dtype=np.float64)})
    sliced: Sliced[ProfileBuilder] = Sliced(ProfileBuilder, SliceBy.of("value", batch.schema))
    begun = process_time()
    sliced.add(batch)
    assert len(sliced.finish()) == MOST_SLICES + 1
    assert process_time() - begun < 2.0
