"""A column of a window beside its baseline, as the API shows it: few numbers, whatever the column holds."""

import uuid
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.slices import ALL_ROWS, Slice
from monitor.handlers.rules.baselines import FoundBaseline
from monitor.handlers.rules.kinds.column_shares import LONGEST_VALUE, distribution_of
from monitor.handlers.rules.kinds.table_rules import ColumnProfiles
from shared.contracts.quality.distributions import ColumnDistribution
from shared.contracts.rpc.quality import DistributionQuery
from shared.errors import NotFound

RED = Slice("colour", "red")


def shown(before: Any, now: Any, slice_text: str | None = None, red: Any = None) -> ColumnDistribution:
    baseline = None
    if before is not None:
        baseline = FoundBaseline(Baseline.from_batches(lambda: [pa.record_batch({"x": before})]), "training data")
    profiles = {}
    for part, values in ((ALL_ROWS, now), (RED, red)):
        if values is not None:
            builder = ProfileBuilder(frozen=baseline.baseline.frozen() if baseline is not None else None)
            builder.add(pa.record_batch({"x": values}))
            profiles[part] = builder.finish()
    query = DistributionQuery(id=uuid.uuid4(), end=datetime.now(UTC), column="x", slice=slice_text)
    return distribution_of(query, ColumnProfiles("x", profiles, baseline))


def test_numbers_are_shares_of_common_bins_and_outliers_stay_in_the_last() -> None:
    rng = np.random.default_rng(17)
    found = shown(rng.normal(0, 1, 1000), np.append(rng.normal(2, 1, 999), 1e9))
    assert (found.kind, found.source, len(found.bins), found.values) == ("numeric", "training data", 28, ())
    assert sum(each.window or 0 for each in found.bins) == pytest.approx(1)
    assert sum(each.baseline or 0 for each in found.bins) == pytest.approx(1)
    assert found.bins[-1].end < 100
    assert [each.end for each in found.bins[:-1]] == [each.start for each in found.bins[1:]]
    assert found.baseline is not None
    assert (found.window.rows, found.baseline.rows) == (1000, 1000)
    assert found.window.median == pytest.approx(2, abs=0.2)


def test_texts_are_shares_of_values_and_all_others_are_one() -> None:
    found = shown(["a"] * 50 + ["b"] * 50, ["a"] * 20 + [f"v{place}" for place in range(80)] + ["y" * 900] * 10)
    assert (found.kind, found.bins, len(found.values)) == ("categorical", (), 9)
    assert (found.values[0].value, found.values[0].baseline) == ("a", 0.5)
    assert found.values[-1].value is None
    assert sum(each.window or 0 for each in found.values) == pytest.approx(1)
    assert max(len(each.value or "") for each in found.values) <= LONGEST_VALUE + 1


def test_nothing_to_compare_with_is_null_and_another_type_has_nothing_to_draw() -> None:
    alone = shown(None, [1.5, None, 2.5, 2.5])
    assert (alone.source, alone.baseline, alone.window.nulls) == (None, None, 0.25)
    assert [(each.value, each.baseline) for each in alone.values] == [("1.5", None), ("2.5", None)]
    assert [each.window for each in alone.values] == [pytest.approx(1 / 3), pytest.approx(2 / 3)]
    retyped = shown(["a", "b"], [1.0, 2.0])
    assert (retyped.bins, retyped.values) == ((), ())


def test_a_slice_is_its_own_rows_and_one_that_is_not_there_is_said() -> None:
    found = shown([1.0, 2.0], [1.0, 2.0, 2.0], "colour=red", [2.0])
    assert (found.slice, found.window.rows) == ("colour=red", 1)
    with pytest.raises(NotFound, match="colour=blue"):
        shown([1.0], [1.0], "colour=blue")


@pytest.mark.parametrize("off", [7.0e3, 1.2e14, np.finfo(np.float64).max])
def test_a_few_per_cent_without_their_decimal_point_leave_the_others_readable(off: float) -> None:
    values = np.random.default_rng(5).normal(7, 1, 1000)
    values[:30] = off
    values[30:50] = -off
    found = shown(values, values)
    wide = [each for each in found.bins if (each.window or 0) > 0.02]
    assert len(wide) > 12
    assert (found.bins[0].start > -20, found.bins[-1].end < 40) == (True, True)
    half = np.where(np.arange(1000) % 2, values, off)
    assert shown(values, half).bins[-1].end >= min(off, 1e300)  # what many rows have is shown
