"""Profiles: what they hold, and that parts add up to the whole."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.baselines.freezing import freeze
from monitor.domain.statistics.kinds import ColumnKind, kind_of
from monitor.domain.statistics.profiles import reading
from monitor.domain.statistics.profiles.bins import Categories, Edges
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.profiles.merging import MAX_COUNTED_TEXTS
from monitor.domain.statistics.profiles.table import TableProfile


def profile_of(*batches: Any, **options: Any) -> Any:
    builder = ProfileBuilder(**options)
    for batch in batches:
        builder.add(batch)
    return builder.finish()


def column_of(baseline: Baseline, name: str) -> Any:
    return baseline.column(name)


def batch(**columns: Any) -> Any:
    return pa.record_batch(
        {name: values if isinstance(values, pa.Array) else pa.array(values) for name, values in columns.items()}
    )


@pytest.mark.parametrize(
    ("data_type", "kind"),
    [
        (pa.int8(), "numeric"),
        (pa.uint64(), "numeric"),
        (pa.float16(), "numeric"),
        (pa.float64(), "numeric"),
        (pa.decimal128(10, 2), "numeric"),
        (pa.string(), "categorical"),
        (pa.large_string(), "categorical"),
        (pa.bool_(), "categorical"),
        (pa.dictionary(pa.int32(), pa.string()), "categorical"),
        (pa.timestamp("us", "UTC"), "temporal"),
        (pa.date32(), "temporal"),
        (pa.time64("us"), "temporal"),
        (pa.list_(pa.int64()), "other"),
        (pa.struct([("a", pa.int64())]), "other"),
        (pa.binary(), "other"),
        (pa.null(), "other"),
    ],
)
def test_kinds_follow_from_types(data_type: Any, kind: Any) -> None:
    assert kind_of(str(data_type)) == kind


def test_a_column_of_numbers() -> None:
    values = np.random.default_rng(1).normal(3, 2, 5_000)
    column = profile_of(batch(x=[*values, None, float("nan"), float("inf"), 0.0])).columns["x"]
    everything = np.append(values, 0.0)
    assert (column.count, column.nulls, column.nans, column.infinities, column.zeros) == (5_004, 1, 1, 1, 1)
    assert column.values == 5_002
    assert reading.mean(column) == pytest.approx(everything.mean())
    assert reading.standard_deviation(column) == pytest.approx(everything.std(ddof=1))
    assert (column.moments.minimum, column.moments.maximum) == (everything.min(), everything.max())
    for rank, found in zip((0.1, 0.5, 0.99), reading.quantiles(column, [0.1, 0.5, 0.99]), strict=True):
        assert abs((everything <= found).mean() - rank) < 0.02
    assert reading.distinct(column) == pytest.approx(5_001, rel=0.06)


def test_a_column_of_texts() -> None:
    column = profile_of(batch(s=["a", "bb", "bb", None, "żółw"])).columns["s"]
    assert (column.count, column.nulls) == (5, 1)
    assert (column.lengths.minimum, column.lengths.maximum, reading.mean_length(column)) == (1, 4, 9 / 4)
    assert reading.frequent(column, 2) == [("bb", 2), ("a", 1)]
    assert reading.distinct(column) == 3


@pytest.mark.parametrize(
    ("array", "least", "most"),
    [
        (pa.array([dt.date(1970, 1, 2), dt.date(1970, 1, 3)]), 86_400, 172_800),
        (pa.array([1, 2], pa.timestamp("ms", "UTC")), 0.001, 0.002),
        (pa.array([dt.time(0, 1), dt.time(1, 0)]), 60, 3_600),
        (pa.array([1, 2], pa.time32("s")), 1, 2),
        (pa.array([1, 2], pa.date64()), 0.001, 0.002),
    ],
)
def test_times_are_seconds(array: Any, least: Any, most: Any) -> None:
    column = profile_of(batch(t=array)).columns["t"]
    assert (column.kind, column.moments.minimum, column.moments.maximum) == ("temporal", least, most)


def test_values_of_any_type_are_counted() -> None:
    found = profile_of(
        batch(
            b=[True, False, True],
            d=pa.array(["x", "y", "x"]).dictionary_encode(),
            big=pa.array([2**60, 2**60, 1], pa.int64()),
            money=pa.array([1, 2, 3], pa.decimal128(10, 2)),
            items=[[1], None, []],
            nothing=pa.nulls(3),
        )
    )
    assert dict(reading.frequent(found.columns["b"])) == {"true": 2, "false": 1}
    assert dict(reading.frequent(found.columns["d"])) == {"x": 2, "y": 1}
    assert reading.distinct(found.columns["big"]) == 2
    assert reading.mean(found.columns["money"]) == 2
    assert (found.columns["items"].count, found.columns["items"].nulls) == (3, 1)
    assert (found.columns["nothing"].nulls, reading.distinct(found.columns["nothing"])) == (3, None)


def test_numbers_may_be_taken_as_categories_and_texts_never_as_numbers() -> None:
    found = profile_of(
        batch(code=[1.0, 2.0, 1.0], s=["a", "b", "c"], left=[1, 2, 3]),
        kinds={"code": ColumnKind.CATEGORICAL, "s": ColumnKind.NUMERIC},
    )
    assert dict(reading.frequent(found.columns["code"])) == {"1": 2, "2": 1}
    assert found.columns["s"].kind == "categorical"
    assert set(found.columns) == {"code", "s"}


def test_a_column_that_a_batch_lacks_is_null_there() -> None:
    found = profile_of(batch(a=[1]), batch(b=["x", "y"]), batch(a=pa.nulls(1), b=["z"]))
    assert (found.rows, found.columns["a"].count, found.columns["a"].nulls) == (4, 4, 3)
    assert (found.columns["b"].count, found.columns["b"].nulls) == (4, 1)


def test_a_column_that_changes_its_type_is_refused() -> None:
    builder = ProfileBuilder()
    builder.add(batch(a=[1]))
    with pytest.raises(ValueError, match="column 'a' was int64 and is string"):
        builder.add(batch(a=["x"]))


def test_many_distinct_texts_leave_the_frequent_ones() -> None:
    many = [f"id-{number}" for number in range(MAX_COUNTED_TEXTS + 5)] + ["often"] * 500
    column = profile_of(batch(s=many[:900]), batch(s=many[900:])).columns["s"]
    assert column.value_counts is None
    text, count = reading.frequent(column)[0]
    assert text == "often"
    assert abs(count - 500) <= 5
    assert reading.distinct(column) == pytest.approx(MAX_COUNTED_TEXTS + 6, rel=0.06)


def test_free_text_is_no_category() -> None:
    column = profile_of(batch(s=["x" * 300, "y" * 300])).columns["s"]
    assert column.value_counts is None
    assert column.lengths.maximum == 300
    assert freeze(column) is None


def test_an_empty_profile_is_one() -> None:
    found = profile_of(batch(x=pa.array([], pa.float64()), s=pa.array([], pa.string())))
    assert found.rows == 0
    assert reading.quantiles(found.columns["x"], [0.5]) == []
    assert reading.mean(found.columns["x"]) is None
    assert reading.distinct(found.columns["s"]) is None
    assert TableProfile.from_bytes(found.to_bytes()) == found
    assert profile_of().columns == {}


_rows = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(float("nan"))),
        st.one_of(st.none(), st.sampled_from(["a", "b", "", "ü"])),
    ),
    max_size=40,
)


def _batch(rows: Any) -> Any:
    numbers, texts = ([row[place] for row in rows] for place in (0, 1))
    return batch(x=pa.array(numbers, pa.float64()), s=pa.array(texts, pa.string()))


@settings(max_examples=60, deadline=None)
@given(_rows, _rows)
def test_parts_add_up_to_the_whole(one: Any, other: Any) -> None:
    """However rows are divided, and whether profiles or batches are added up."""
    frozen = Baseline.from_batches(
        lambda: [_batch([(1.0, "a"), (2.0, "b"), *((float(n), "a") for n in range(40))])]
    ).frozen()
    whole = profile_of(_batch(one + other), frozen=frozen)
    batches = profile_of(_batch(one), _batch(other), frozen=frozen)
    merged = profile_of(_batch(one), frozen=frozen).merge(profile_of(_batch(other), frozen=frozen))
    for found in (batches, merged, TableProfile.from_bytes(merged.to_bytes())):
        assert found.rows == whole.rows
        for name, column in whole.columns.items():
            mine = found.columns[name]
            assert mine.moments.mean == pytest.approx(column.moments.mean, rel=1e-9, abs=1e-6)
            assert mine.moments.squares == pytest.approx(column.moments.squares, rel=1e-6, abs=1e-3)
            for field in ("count", "nulls", "nans", "zeros", "lengths", "bin_counts"):
                assert getattr(mine, field) == getattr(column, field), field
            assert dict(mine.value_counts or ()) == dict(column.value_counts or ())
            ranks = [0, 0.3, 0.5, 1]
            assert reading.quantiles(mine, ranks) == reading.quantiles(column, ranks)
            assert reading.distinct(mine) == reading.distinct(column)


def test_merging_sketches_and_counts_of_many_values() -> None:
    rng = np.random.default_rng(2)
    parts = [
        profile_of(batch(x=rng.normal(size=3_000), s=[f"{n}" for n in rng.integers(0, 3_000, 3_000)])) for _ in range(4)
    ]
    whole = parts[0].merge(parts[1]).merge(parts[2]).merge(parts[3])
    assert reading.quantiles(whole.columns["x"], [0.5])[0] == pytest.approx(0, abs=0.06)
    assert reading.distinct(whole.columns["x"]) == pytest.approx(12_000, rel=0.06)
    assert reading.distinct(whole.columns["s"]) == pytest.approx(2_945, rel=0.06)


def test_merging_refuses_what_is_not_alike() -> None:
    one, other = profile_of(batch(x=[1.0])), profile_of(batch(x=["a"]))
    with pytest.raises(ValueError, match="numeric in one profile and categorical in the other"):
        one.merge(other)
    frozen = [Baseline.from_profile(profile_of(batch(x=rows))).frozen() for rows in ([1.0], [1.0, 2.0])]
    with pytest.raises(ValueError, match="counted over different bins"):
        profile_of(batch(x=[1.0]), frozen=frozen[0]).merge(profile_of(batch(x=[1.0]), frozen=frozen[1]))
    merged = one.merge(profile_of(batch(x=pa.nulls(2), y=["a", None])))
    assert (merged.columns["x"].data_type, merged.columns["x"].nulls, merged.columns["y"].nulls) == ("double", 2, 2)


@pytest.mark.parametrize("data", [b"", b"{}", b"x\x9c", profile_of(batch(x=[1])).to_bytes()[:-9]])
def test_other_bytes_are_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="not a profile"):
        TableProfile.from_bytes(data)


def test_bins_are_frozen_from_rows() -> None:
    rng = np.random.default_rng(3)
    rows = batch(
        x=rng.normal(size=4_000), few=rng.integers(1, 4, 4_000), s=rng.choice(["a", "b"], 4_000), one=[7.0] * 4_000
    )
    baseline = Baseline.from_batches(lambda: [rows.slice(0, 1_000), rows.slice(1_000)])
    frozen = baseline.frozen()
    assert isinstance(frozen["x"].bins, Edges)
    assert frozen["few"].bins == Categories(("1", "2", "3"))
    assert frozen["one"].bins == Categories(("7",))
    counts = column_of(baseline, "x").bin_counts.counts
    assert len(counts) == 10
    assert sum(counts) == 4_000
    edges = [-np.inf, *frozen["x"].bins.edges, np.inf]
    assert list(counts) == np.histogram(rows["x"].to_numpy(), edges)[0].tolist()
    assert min(counts) > 340
    assert Baseline.from_bytes(baseline.to_bytes()) == baseline
    assert baseline.kinds()["s"] == "categorical"


def test_values_outside_and_new_ones_are_counted() -> None:
    baseline = Baseline.from_batches(lambda: [batch(x=np.arange(100.0), few=[1, 2] * 50, s=["a", "b"] * 50)])
    found = profile_of(
        batch(x=[-1.0, 5.0, 100.0, 99.0], few=[2, 3, 2, 1], s=["c", "a", None, "d"]), frozen=baseline.frozen()
    )
    assert (found.columns["x"].bin_counts.below, found.columns["x"].bin_counts.above) == (1, 1)
    assert found.columns["few"].bin_counts.counts == (1, 2, 1)
    assert found.columns["s"].bin_counts.counts == (1, 0, 2)


def test_a_profile_becomes_a_baseline() -> None:
    rng = np.random.default_rng(4)
    rows = batch(x=rng.normal(size=4_000), s=rng.choice(["a", "b"], 4_000, p=[0.9, 0.1]), t=["x" * 300] * 4_000)
    baseline = Baseline.from_profile(profile_of(rows))
    assert sum(column_of(baseline, "x").bin_counts.counts) == 4_000
    assert max(abs(count - 400) for count in column_of(baseline, "x").bin_counts.counts) < 70
    counted = np.unique(rows["s"].to_numpy(zero_copy_only=False), return_counts=True)[1].tolist()
    assert column_of(baseline, "s").bin_counts.counts == (*counted, 0)
    again = Baseline.from_profile(baseline.profile)
    assert again == baseline


def test_a_value_that_fills_several_bins_leaves_fewer() -> None:
    values = np.concatenate((np.zeros(700), np.arange(1.0, 301.0)))
    baseline = Baseline.from_batches(lambda: [batch(x=values)])
    counts = column_of(baseline, "x").bin_counts.counts
    assert counts[0] == 700
    assert sum(counts) == 1_000
