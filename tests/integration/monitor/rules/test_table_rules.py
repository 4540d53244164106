"""Data quality and drift on real inference tables: verdicts, metric tables, reports, and what cannot be computed."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta

import pytest
from deltalake import DeltaTable
from sqlalchemy import select

from monitor.domain.rules.timing import Window
from monitor.domain.statistics.exports.schemas import ENGINE_PROPERTY, PROFILE_METRICS
from monitor.handlers.rules.build import reports_of
from monitor.store.tables import AlertRow, RuleProgressRow, RuleWindowRow
from quality_tables import HOUR, NOON, wine_rows
from running_services.running_rules import Rules
from shared.contracts.quality.monitors import Baseline, Monitor
from shared.contracts.rpc.quality import DistributionQuery, ReportQuery
from shared.errors import NotFound

DRIFT = {"warning": 0.1, "critical": 0.25, "min_sample": 500}
FIRST = Baseline(kind="window")


async def test_drift_is_judged_against_the_first_window_and_opens_one_alert(each_quality: Rules) -> None:
    quality = each_quality
    lake, clock = quality.lake, quality.clock
    lake.write(wine_rows(NOON, 800, seed=1))
    rule = lake.rule("drift", "drift", "psi", baseline=FIRST, windows="2 of 3", **DRIFT)
    await quality.evaluate()
    (first,) = await quality.windows(rule)
    assert (first.state, first.rows, first.start, first.end) == ("insufficient_data", 800, NOON, NOON + HOUR)
    assert "is the baseline from now on" in (first.reason or "")
    await quality.evaluate()
    assert await quality.windows(rule) == [first]  # each window once
    for hour, moved in enumerate((0.0, 2.0, 2.0), start=1):
        lake.write(wine_rows(NOON + HOUR * hour, 800, seed=1 + hour, moved=moved))
        clock.at += HOUR
        await quality.evaluate()
        async with quality.database.read() as session:
            alerts = (await session.scalars(select(AlertRow))).all()
        found = {each.column: each for each in await quality.windows(rule) if each.end == NOON + HOUR * (hour + 1)}
        assert found.keys() == {"f_fixed_acidity", "alcohol", "colour", "prediction"}
        assert found["colour"].state == found["f_fixed_acidity"].state == "ok"
        assert (found["alcohol"].state == "critical") == (moved > 0)
        assert len(alerts) == (hour == 3)
    assert (alerts[0].monitor, alerts[0].severity) == ("drift", "critical")
    assert alerts[0].evidence["columns"][0]["column"] == "alcohol"
    state = quality.rules.states("wine")[0]
    assert (state.state, state.last_window_end) == ("critical", NOON + HOUR * 4)
    assert state.next_at == NOON + HOUR * 5 + timedelta(minutes=1)
    lake.rules[rule.id] = rule.model_copy(update={"alert": "none"})
    await quality.evaluate()
    async with quality.database.read() as session:
        assert (await session.scalars(select(AlertRow))).one().resolved_at is not None
    lake.rules.clear()
    await quality.evaluate()
    async with quality.database.read() as session:
        assert (await session.scalars(select(RuleWindowRow))).all() == []


async def test_what_cannot_be_computed_says_why_and_is_tried_again(quality: Rules) -> None:
    lake, clock = quality.lake, quality.clock
    none = lake.rule("none", "drift", "psi", baseline=FIRST, **DRIFT)
    await quality.evaluate()
    (found,) = await quality.windows(none)
    assert (found.state, found.reason) == ("insufficient_data", "no inference table of the service has rows yet")
    lake.rules.clear()
    lake.write(wine_rows(NOON, 300))
    few = lake.rule("few", "drift", "psi", baseline=FIRST, **DRIFT)
    empty = lake.rule("empty", "data_quality", "null_rate", warning=0.1, window="PT10M")
    absent = lake.rule("absent", "data_quality", "null_rate", columns=("alcohol", "sugar"), warning=0.1)
    slices = lake.rule("slices", "data_quality", "null_rate", slice="sugar > 3", warning=0.1)
    await quality.evaluate()
    assert [each.reason for each in await quality.windows(few)] == ["300 rows, fewer than 500"]
    clock.at = NOON + timedelta(hours=3)
    await quality.evaluate()
    assert (await quality.windows(empty))[0].reason == "there are no rows in the window"
    first = {each.column: each for each in await quality.windows(absent) if each.end == NOON + HOUR}
    assert (first["alcohol"].state, first["sugar"].state) == ("ok", "error")
    assert first["sugar"].reason == "the table has no column sugar"
    assert {each.state for each in await quality.windows(slices)} == {"error"}

    away = lake.rule("away", "data_quality", "null_rate", columns=("alcohol",), warning=0.1)
    clock.at, lake.is_away = NOON + HOUR + timedelta(minutes=2), True
    await quality.evaluate()
    (failed,) = await quality.windows(away)
    assert (failed.state, failed.reason) == ("error", "the inference-logger does not answer")
    lake.is_away = False
    await quality.evaluate()
    assert await quality.windows(away) == [failed]  # not at once
    clock.at += timedelta(minutes=1)
    await quality.evaluate()
    (again,) = await quality.windows(away)
    assert (again.state, again.revision) == ("ok", 2)
    shutil.rmtree(lake.folder)
    quality.rules._forced.add(away.id)
    await quality.evaluate()
    assert "there is no table at" in ((await quality.windows(away))[0].reason or "")


async def test_data_quality_of_columns_and_of_the_window(quality: Rules) -> None:
    lake = quality.lake
    rows = wine_rows(NOON, 400, seed=1, spread=HOUR / 2)
    rows["alcohol"] = [None if place % 4 == 0 else value for place, value in enumerate(rows["alcohol"])]
    rows["error"] = ["MODEL_ERROR" if place % 10 == 0 else None for place in range(400)]
    lake.write(rows)
    thresholds = {"warning": 0.05, "critical": 0.2, "min_sample": 10}
    expected = {
        "null_rate": ("warning", 0.25),  # the interval of 400 rows reaches below 0.2
        "error_share": ("warning", 0.1),
        "type_mismatch": ("ok", 0.0),
        "row_count": ("warning", 400.0),
        "freshness": ("critical", 1804.5),
    }
    made = {
        name: lake.rule(
            name.replace("_", "-"), "data_quality", name, **(thresholds if name != "row_count" else {"warning": 500.0})
        )
        for name in expected
    }
    await quality.evaluate()
    for name, (state, value) in expected.items():
        worst = min(await quality.windows(made[name]), key=lambda each: each.state != state)
        assert (worst.state, worst.value) == (state, value), name


async def test_profiles_and_drift_lie_beside_the_inferences_once_for_each_window(quality: Rules) -> None:
    lake = quality.lake
    lake.write(wine_rows(NOON, 800, seed=1))
    rule = lake.rule("drift", "drift", "psi", baseline=FIRST, slice="colour", **DRIFT)
    await quality.evaluate()
    lake.write(wine_rows(NOON + HOUR, 800, seed=2, moved=2.0))
    quality.clock.at += HOUR
    await quality.evaluate()
    quality.rules._forced.add(rule.id)
    await quality.evaluate()
    profiles, drift = (
        DeltaTable(lake.folder / "wine" / kind).to_pyarrow_table().to_pylist()
        for kind in ("profile_metrics", "drift_metrics")
    )
    keys = [(row["window"]["start"], row["slice_value"], row["column_name"]) for row in profiles]
    assert len(keys) == len(set(keys)) == 2 * 3 * 5  # windows, slices and all rows, columns and the table
    moved = {row["drift_type"]: row for row in drift if row["column_name"] == "alcohol" and row["slice_key"] is None}
    assert moved["BASELINE"]["granularity"] == "1 hour"
    assert moved["BASELINE"]["window_cmp"] is None
    # The first window is the baseline, and the one before.
    assert moved["CONSECUTIVE"]["window_cmp"] == {"start": NOON, "end": NOON + HOUR}
    psi = [moved[kind]["population_stability_index"] for kind in ("BASELINE", "CONSECUTIVE")]
    assert psi[0] == psi[1] > 0.25
    assert len(drift) == 2 * 3 * 5  # kinds, slices and all rows, columns and the table
    assert {row["slice_value"] for row in drift} == {None, "red", "rosé"}
    noted = lake.noted["drift_metrics"]
    assert (noted.rows, noted.service, noted.location) == (len(drift), "wine", str(lake.folder / "wine/drift_metrics"))


async def test_a_metric_table_of_sparks_is_left_alone_and_the_rule_is_judged(
    quality: Rules, caplog: pytest.LogCaptureFixture
) -> None:
    lake = quality.lake
    lake.write(wine_rows(NOON, 800, seed=1))
    place = lake.folder / "wine" / "profile_metrics"
    made = DeltaTable.create(
        str(place), PROFILE_METRICS, configuration={ENGINE_PROPERTY: "spark"}, raise_if_key_not_exists=False
    )
    rule = lake.rule("nulls", "data_quality", "null_rate", columns=("alcohol",), warning=0.1, min_sample=10)
    await quality.evaluate()
    (found,) = await quality.windows(rule)
    assert found.state == "ok"
    made.update_incremental()
    assert made.version() == 0
    assert "made by a Spark job" in caplog.text


async def test_a_window_has_a_report_of_its_own(quality: Rules) -> None:
    lake, reports = quality.lake, reports_of(quality.rules)
    lake.write(wine_rows(NOON, 800, seed=1))
    rule = lake.rule("drift", "drift", "psi", baseline=FIRST, slice="colour", **DRIFT)
    await quality.evaluate()
    lake.write(wine_rows(NOON + HOUR, 800, seed=2, moved=2.0))
    quality.clock.at += HOUR
    await quality.evaluate()
    pages = {}
    for language in ("en", "zh"):
        query = ReportQuery(id=rule.id, end=NOON + 2 * HOUR, language=language)
        pages[language] = b"".join([piece async for piece in await reports.page(query)]).decode()
    assert "the window from 2026-05-01T12:00:00+00:00" in pages["en"]
    assert "从 2026-05-01T12:00:00+00:00 到 2026-05-01T13:00:00+00:00 的窗口" in pages["zh"]
    assert not re.search(r">[^<]*(?:[A-Za-z]{2,} ){3}", pages["zh"].partition("</style>")[2])
    assert "<svg" in pages["en"]
    assert "alcohol" in pages["en"]
    assert pages["en"] != pages["zh"]
    asked = DistributionQuery(id=rule.id, end=query.end, column="alcohol")
    moved = await reports.distribution(asked)
    assert (moved.kind, len(moved.bins), moved.window.rows) == ("numeric", 28, 800)
    assert moved.baseline is not None
    assert (moved.window.mean or 0) > (moved.baseline.mean or 0) + 1
    by_model = await reports.distribution(asked.model_copy(update={"column": "fixed acidity", "slice": "colour=red"}))
    assert (by_model.column, by_model.slice) == ("f_fixed_acidity", "colour=red")
    assert 0 < by_model.window.rows < 800
    for wrong in ({"column": "age"}, {"slice": "colour=blue"}, {"end": NOON + 9 * HOUR}):
        with pytest.raises(NotFound):
            await reports.distribution(asked.model_copy(update=wrong))
    shutil.rmtree(lake.folder)
    gone = b"".join([piece async for piece in await reports.page(query)]).decode()
    assert "处没有表，或其文件已不完整" in gone
    with pytest.raises(NotFound, match="no window"):
        await reports.page(query.model_copy(update={"end": NOON + 9 * HOUR}))


async def test_a_rule_that_cannot_be_kept_holds_up_nobody(quality: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = quality.lake
    lake.write(wine_rows(NOON, 800, seed=1))
    bad = lake.rule("bad", "data_quality", "row_count", warning=10.0)
    good = lake.rule("good", "data_quality", "row_count", warning=10.0)
    evaluate = quality.rules.evaluator.evaluate

    async def failing(rule: Monitor, window: Window) -> RuleProgressRow:
        if rule.id == bad.id:
            raise RuntimeError("a mistake of ours")
        return await evaluate(rule, window)

    monkeypatch.setattr(quality.rules.evaluator, "evaluate", failing)
    await quality.evaluate()
    assert await quality.windows(bad) == []
    assert [each.state for each in await quality.windows(good)] == ["ok"]
