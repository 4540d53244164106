"""Model quality on labelled tables; labels that come late change the windows that they belong to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.handlers.rules.build import reports_of
from quality_tables import HOUR, NOON, SCHEMA, named, wine_rows
from running_services.running_rules import Rules
from shared.contracts.quality.monitors import Outcome
from shared.contracts.rpc.quality import ReportQuery


async def test_quality_is_computed_of_what_has_a_label_and_again_when_more_come(quality: Rules) -> None:
    lake, clock = quality.lake, quality.clock
    early = wine_rows(NOON, 400, seed=1, spread=HOUR / 2)
    late = wine_rows(NOON + HOUR / 2, 400, seed=2, spread=HOUR / 2)
    lake.write(early)
    lake.write(late)
    rule = lake.rule("error", "model_quality", "mae", warning=0.5, critical=1.0, min_sample=300)
    covered = lake.rule("covered", "model_quality", "coverage", warning=0.9, min_sample=10)
    await quality.evaluate()
    (none,) = await quality.windows(rule)
    assert (none.state, none.reason) == ("insufficient_data", "no inference of the service has a label yet")
    assert [(each.state, each.value) for each in await quality.windows(covered)] == [("warning", 0.0)]

    clock.at += timedelta(minutes=2)
    lake.label(early, [value + 0.1 for value in early["prediction"]], clock.at)
    await quality.evaluate()
    (good,) = await quality.windows(rule)
    assert (good.state, good.rows, good.revision) == ("ok", 400, 2)
    assert abs((good.value or 0) - 0.1) < 1e-9
    assert [each.value for each in await quality.windows(covered)] == [0.5]
    await quality.evaluate()
    assert await quality.windows(rule) == [good]

    clock.at += timedelta(minutes=2)
    lake.label(late, [value + 3.1 for value in late["prediction"]], clock.at)
    await quality.evaluate()
    (bad,) = await quality.windows(rule)
    assert (bad.state, bad.rows, bad.revision) == ("critical", 800, 3)
    assert abs((bad.value or 0) - 1.6) < 1e-9
    figures: Any = bad.details["figures"]
    assert figures["rmse"] > 1.6
    page = await reports_of(quality.rules).page(ReportQuery(id=rule.id, end=bad.end, language="en"))
    shown = b"".join([piece async for piece in page]).decode()
    assert "Rows with the largest error" in shown
    assert "fixed_acidity" in shown
    assert shown.count(">3.10<") == 20


async def test_what_is_compared_must_be_clear(quality: Rules) -> None:
    lake = quality.lake
    rows = wine_rows(NOON, 400)
    lake.write(rows)
    lake.label(rows, [1.0] * 400, quality.clock.at)
    quality.clock.at += timedelta(minutes=1)
    wanted = {
        "score": (Outcome(), "auc", "needs outcome.score"),
        "label": (Outcome(label="taste"), "accuracy", "no column taste"),
        "named": (Outcome(prediction="alcohol", label="label"), "accuracy", None),
    }
    made = {
        name: lake.rule(name, "model_quality", metric, outcome=outcome, warning=0.9, min_sample=10)
        for name, (outcome, metric, _) in wanted.items()
    }
    await quality.evaluate()
    for name, (_, _, why) in wanted.items():
        (found,) = await quality.windows(made[name])
        assert (why or "") in (found.reason or ""), found
        assert found.state == ("error" if why else "critical" if found.state == "critical" else found.state)


async def test_quality_is_estimated_before_labels_come(quality: Rules) -> None:
    lake, random = quality.lake, np.random.default_rng(3)
    schema = pa.schema([*SCHEMA, named("prediction_share", pa.float64(), "prediction", "share")])
    rows = wine_rows(NOON, 2000, seed=1)
    shares = random.beta(0.5, 0.5, 2000)
    rows |= {"prediction": (shares > 0.5).astype(float), "prediction_share": shares}
    lake.write(rows, schema=schema)
    truth = float(np.maximum(shares, 1 - shares).mean())
    outcome = Outcome(prediction="prediction", score="share", positive="1")
    rule = lake.rule("soon", "model_quality", "estimated_accuracy", outcome=outcome, warning=0.99, critical=0.5)
    unclear = lake.rule("unclear", "model_quality", "estimated_auc", warning=0.9)
    await quality.evaluate()
    (found,) = await quality.windows(rule)
    assert (found.state, found.rows, found.details["estimated"]) == ("warning", 2000, True)
    assert found.value == pytest.approx(truth, abs=1e-6)
    (why,) = await quality.windows(unclear)
    assert (why.state, "needs outcome.score" in (why.reason or "")) == ("error", True)
