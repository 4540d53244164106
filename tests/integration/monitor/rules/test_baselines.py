"""Baselines of quality rules: training data, files, SageMaker's documents, earlier windows."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlmodel import col

from monitor.handlers.rules.build import reports_of
from monitor.store.tables import BaselineRow
from quality_tables import HOUR, NOON, Lake, wine_rows
from running_services.running_rules import Rules
from shared.contracts.chunks import ChunkStream
from shared.contracts.quality.monitors import Baseline, Monitor, TrainedModel
from shared.contracts.quality.training_data import TrainingData
from shared.contracts.rpc.quality import DistributionQuery, ReportQuery

DRIFT = {"warning": 0.1, "critical": 0.25, "min_sample": 500}
FIRST = Baseline(kind="window")


def file_rule(lake: Lake, name: str) -> Monitor:
    """A rule on drift whose baseline is a file of the service's folder."""
    home = lake.folder / "wine"
    where = {"baseline_path": str(home / name), "baseline_root": str(home)}
    rule_name = "".join(letter for letter in name if letter.isalnum())
    return lake.rule(rule_name, "drift", "psi", baseline=Baseline(kind="file"), **where, **DRIFT)


async def test_a_baseline_is_made_once_of_what_the_rule_names(quality: Rules) -> None:
    lake, home = quality.lake, quality.lake.folder / "wine"
    lake.write(wine_rows(NOON, 800, seed=1, moved=2.0))
    plain = wine_rows(NOON - HOUR * 24 * 30, 3000, seed=9)
    table = {"fixed acidity": plain["f_fixed_acidity"], "alcohol": plain["alcohol"], "quality": plain["prediction"]}
    pq.write_table(pa.table(table), home / "train.parquet")
    pa_csv.write_csv(pa.table(table), home / "train.csv")
    made = [file_rule(lake, name) for name in ("train.parquet", "train.csv")]
    await quality.evaluate()
    for rule in made:
        found = {each.column: each for each in await quality.windows(rule)}
        assert found.keys() == {"alcohol", "f_fixed_acidity"}  # those that both have, as the model calls them
        assert (found["alcohol"].state, found["f_fixed_acidity"].state) == ("critical", "ok")
        assert found["alcohol"].details["baseline_rows"] == 3000
    shutil.move(home / "train.parquet", home / "gone.parquet")
    quality.clock.at += HOUR
    lake.write(wine_rows(NOON + HOUR, 800, seed=2))
    await quality.evaluate()
    newest = [each for each in await quality.windows(made[0]) if each.end == NOON + 2 * HOUR]
    assert {each.state for each in newest} == {"ok"}  # of the baseline that was kept
    async with quality.database.read() as session:
        assert len((await session.scalars(select(BaselineRow))).all()) == 2


async def test_a_file_that_is_no_baseline_says_why(quality: Rules) -> None:
    lake = quality.lake
    lake.write(wine_rows(NOON, 800, seed=1))
    pq.write_table(pa.table({"alcohol": ["much", "little"]}), lake.folder / "wine" / "texts.parquet")
    reasons = {
        "texts.parquet": "alcohol holds double, in the baseline string",
        "absent.parquet": "there is no file",
        "../../x.parquet": "leads out of",
    }
    made = {name: file_rule(lake, name) for name in reasons}
    await quality.evaluate()
    for name, reason in reasons.items():
        (found,) = await quality.windows(made[name])
        assert (found.state, reason in (found.reason or "")) == ("error", True), found


async def test_another_model_has_another_first_window(quality: Rules) -> None:
    lake = quality.lake
    lake.write(wine_rows(NOON, 800, seed=1))
    rule = lake.rule("drift", "drift", "psi", baseline=FIRST, trained=TrainedModel(version="v1"), **DRIFT)
    await quality.evaluate()
    lake.write(wine_rows(NOON + HOUR, 800, seed=2, moved=2.0))
    quality.clock.at += HOUR
    lake.rules[rule.id] = rule.model_copy(update={"trained": TrainedModel(version="v2")})
    await quality.evaluate()
    newest = (await quality.windows(rule))[0]
    assert (newest.state, newest.column) == ("insufficient_data", None)
    lake.rules[rule.id] = rule  # and back: the baseline of before is still there
    quality.rules._forced.add(rule.id)
    await quality.evaluate()
    again = {each.column: each for each in await quality.windows(rule) if each.end == NOON + 2 * HOUR}
    assert (again["alcohol"].state, again["alcohol"].revision) == ("critical", 2)


async def test_a_window_is_shown_beside_the_baseline_that_it_was_judged_by(quality: Rules) -> None:
    lake, reports = quality.lake, reports_of(quality.rules)
    rule = lake.rule("drift", "drift", "psi", baseline=FIRST, trained=TrainedModel(version="v1"), **DRIFT)
    for hour, moved in enumerate((0.0, 2.0, 2.0)):
        lake.write(wine_rows(NOON + hour * HOUR, 800, seed=hour, moved=moved))
        if hour == 2:  # its first window is the baseline from now on
            lake.rules[rule.id] = rule.model_copy(update={"trained": TrainedModel(version="v2")})
        await quality.evaluate()
        quality.clock.at += HOUR
    asked = DistributionQuery(id=rule.id, end=NOON + 2 * HOUR, column="alcohol")
    shown = await reports.distribution(asked)
    assert shown.baseline is not None
    assert (shown.window.mean or 0) > (shown.baseline.mean or 0) + 1
    query = ReportQuery(id=rule.id, end=asked.end, language="en")
    page = b"".join([piece async for piece in await reports.page(query)]).decode()
    assert f"the window from {NOON.isoformat()}" in page

    async with quality.database.unit_of_work() as session:  # as when later ones have taken its place
        oldest = (await session.scalars(select(BaselineRow).order_by(col(BaselineRow.made_at)))).first()
        await session.delete(oldest)
    assert (await reports.distribution(asked)).baseline is None
    assert b"alcohol" in b"".join([piece async for piece in await reports.page(query)])


async def test_seasonal_and_named_windows_and_slices(quality: Rules) -> None:
    lake = quality.lake
    for week in (1, 2):
        lake.write(wine_rows(NOON - timedelta(weeks=week), 600, seed=10 + week))
    rows = wine_rows(NOON, 1600, seed=1)
    rows["alcohol"] = rows["alcohol"] + (rows["colour"] == "red") * 3.0
    lake.write(rows)
    seasonal = lake.rule(
        "season", "drift", "psi", baseline=Baseline(kind="seasonal", weeks=2), columns=("alcohol",), **DRIFT
    )
    earlier = NOON - timedelta(weeks=1)
    named = Baseline(kind="window", start=earlier, end=earlier + HOUR)
    sliced = lake.rule("sliced", "drift", "psi", baseline=named, columns=("alcohol",), slice="colour", **DRIFT)
    where = lake.rule("where", "drift", "psi", baseline=named, columns=("alcohol",), slice="colour = 'red'", **DRIFT)
    await quality.evaluate()
    (found,) = await quality.windows(seasonal)
    assert (found.state, found.details["baseline_rows"]) == ("critical", 1200)
    by_slice = {each.slice: each.state for each in await quality.windows(sliced)}
    assert by_slice == {None: "critical", "colour=red": "critical", "colour=rosé": "ok"}
    by_slice = {each.slice: each.state for each in await quality.windows(where)}
    assert by_slice == {None: "critical", "colour = 'red'=true": "critical", "colour = 'red'=false": "ok"}


async def test_sagemakers_constraints_are_what_is_expected(quality: Rules) -> None:
    lake, home = quality.lake, quality.lake.folder / "wine"
    colours = [None] * 40 + ["red"] * 600 + ["blue"] * 160
    lake.write(wine_rows(NOON, 800) | {"colour": colours, "alcohol": [None] * 80 + [-1.0] * 200 + [10.0] * 520})
    numbers = {"inferred_type": "Fractional", "completeness": 0.95, "num_constraints": {"is_non_negative": True}}
    features = [
        {"name": "colour", "inferred_type": "String", "completeness": 0.9, "string_constraints": {"domains": ["red"]}},
        {"name": "alcohol", **numbers},
        {"name": "fixed acidity", "inferred_type": "String"},
        {"name": "sulphates", "inferred_type": "Fractional"},
    ]
    config = {"domain_content_threshold": 0.9}
    (home / "constraints.json").write_text(json.dumps({"features": features, "monitoring_config": config}))
    usual: dict[str, Any] = {"baseline": Baseline(kind="file"), "critical": 0.0, "min_sample": 100}
    usual |= {"baseline_path": str(home / "constraints.json"), "baseline_root": str(home)}
    names = ("null_rate", "new_value_rate", "out_of_range_rate")
    made = [lake.rule(name.replace("_", "-"), "data_quality", name, **usual) for name in names]
    made.append(lake.rule("named", "data_quality", "null_rate", columns=("colour",), **usual))
    drift = lake.rule("drift", "drift", "psi", **usual)
    for _ in range(2):  # as it is made, and as it is kept
        await quality.evaluate()
        found = [{each.column: each for each in await quality.windows(one)} for one in made]
        nulls, new, outside, named = found
        assert (nulls["colour"].state, nulls["colour"].value, nulls["colour"].threshold) == ("ok", 0.05, 0.1)
        assert (nulls["alcohol"].state, nulls["alcohol"].threshold) == ("critical", 0.05)
        assert (new["colour"].state, round(new["colour"].value or 0, 3)) == ("critical", 0.211)
        assert (outside["alcohol"].state, round(outside["alcohol"].value or 0, 3)) == ("critical", 0.278)
        assert {name: each.reason for name, each in nulls.items() if each.state == "error"} == {
            "f_fixed_acidity": "f_fixed_acidity holds numeric instead of categorical",
            "sulphates": "the table has no column sulphates, which the baseline names",
        }
        assert {name: each.state for name, each in named.items()} == {"colour": "ok"}
        (refused,) = await quality.windows(drift)
        assert (refused.state, "has no distributions" in (refused.reason or "")) == ("error", True)
        for one in (*made, drift):
            await quality.rules.run_now(one.id)


async def test_training_data_are_the_baseline_where_they_are_known_else_the_first_window(quality: Rules) -> None:
    lake, home = quality.lake, quality.lake.folder / "wine"
    lake.write(wine_rows(NOON, 800, seed=1, moved=2.0))
    plain = wine_rows(NOON, 3000, seed=9)
    columns = pa.table({"fixed acidity": plain["f_fixed_acidity"], "alcohol": plain["alcohol"]})
    pa_csv.write_csv(columns, home / "train.csv")
    lake.trained = TrainingData(kind="place", source="s", location=str(home / "train.csv"), root=str(home))
    model = {"baseline": Baseline(kind="training"), "trained": TrainedModel(version="v1", model="w", model_version="3")}
    placed = lake.rule("placed", "drift", "psi", **model, **DRIFT)
    await quality.evaluate()
    lake.trained = TrainingData(kind="artifact", source="a", name="train.csv", chunks=ChunkStream(subject="x"))
    lake.file = (home / "train.csv").read_bytes()
    sent = lake.rule("sent", "drift", "psi", **model, **DRIFT)
    await quality.evaluate()
    lake.trained = None
    unknown = lake.rule("unknown", "drift", "psi", **model, **DRIFT)
    await quality.evaluate()
    for rule in (placed, sent):
        found = {each.column: each for each in await quality.windows(rule)}
        assert found.keys() == {"alcohol", "f_fixed_acidity"}
        assert (found["alcohol"].state, found["alcohol"].details["baseline_rows"]) == ("critical", 3000)
        assert str(found["alcohol"].details["baseline"]).startswith("training data of w 3: ")
    (first,) = await quality.windows(unknown)
    assert "is the baseline from now on" in (first.reason or "")
