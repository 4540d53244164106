"""What the job of profiles decides and executors compute, without Spark."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from inference_logger.domain.schema import ENGINE_PROPERTY
from monitor.domain.rules.slicing import SliceBy
from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.exports import schemas
from monitor.domain.statistics.exports.granularities import granularity_text, parse_granularity
from monitor.domain.statistics.kinds import kind_of
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.profiles.column import ColumnProfile, Moments
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.slices import Slice
from penstock_spark.__main__ import main, parser
from penstock_spark.errors import Refused
from penstock_spark.profile_options import BaselineSource, ProfilesJob, read_options
from penstock_spark.steps import profiles
from penstock_spark.steps.metrics import EARLIER, MetricsStep
from penstock_spark.steps.profiles import STATES_SCHEMA, Part, ProfileStep, add_up
from penstock_spark.steps.windows import Span, Windows
from quality_tables import HOUR, NOON, SCHEMA, wine_rows

COLUMNS = ("alcohol", "colour", "prediction")
KINDS = {name: kind_of(str(SCHEMA.field(name).type)) for name in COLUMNS}
TWO = Windows(NOON, HOUR, 2)
NOW = datetime(2026, 5, 1, 15, 7, tzinfo=UTC)
ASKED = ("profiles", "--table", "/lake/wine/inferences", "--target", "/spark/profiles", "--granularity", "1 hour")


def batches_of(*tables: Mapping[str, object], rows: int = 50) -> list[pa.RecordBatch]:
    """As a task reads them."""
    return [batch for table in tables for batch in pa.table(dict(table), schema=SCHEMA).to_batches(max_chunksize=rows)]


def added_up(states: Iterator[pa.RecordBatch]) -> dict[Part, TableProfile]:
    """What the tasks together make of the partial ones, part by part, as Spark's groups do."""
    groups: dict[tuple[object, ...], list[pa.RecordBatch]] = {}
    for row in [row for batch in states for row in batch.to_pylist()]:
        key = tuple(row[name] for name in profiles.STATE_KEY)
        groups.setdefault(key, []).append(pa.RecordBatch.from_pylist([row], schema=STATES_SCHEMA))
    found = {}
    for group in groups.values():
        (whole,) = [row for batch in add_up(iter(group)) for row in batch.to_pylist()]
        part = Part(whole["window"], whole["version"], Slice(whole["slice_key"], whole["slice_value"]))
        found[part] = TableProfile.from_bytes(whole["profile"])
    return found


def test_partial_profiles_add_up_to_those_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = [wine_rows(NOON + HOUR * place, 200, seed=place, version=["v1", "v2"] * 100) for place in range(2)]
    rows = batches_of(*hours)
    slices = [SliceBy.of("colour", SCHEMA), SliceBy.of("alcohol > 10", SCHEMA)]
    wanted = {
        (start, column): frozenset(values)
        for start in TWO.starts
        for column, values in (("colour", {"red"}), ("version", {"v1", "v2"}))
    }
    step = ProfileStep(KINDS, windows=TWO, slices=slices, by_version=True, wanted=wanted)
    step = pickle.loads(pickle.dumps(step))  # as it travels to the executors
    for most in (profiles.MOST_OPEN, 10):  # the second hands partial profiles on with each batch
        monkeypatch.setattr(profiles, "MOST_OPEN", most)
        found = added_up(step.partials(iter(rows)))
        names = {(part.version, part.slice.value) for part in found}
        assert names == {(version, value) for version in (None, "v1", "v2") for value in (None, "red", "true", "false")}
        for part, profile in found.items():
            mask = [
                (part.version in (None, version))
                and (part.slice.key != "colour" or colour == "red")
                and (part.slice.key != "alcohol > 10" or str(alcohol > 10).lower() == part.slice.value)
                for version, colour, alcohol in zip(
                    *(hours[TWO.starts.index(part.window)][name] for name in ("version", "colour", "alcohol")),
                    strict=True,
                )
            ]
            builder = ProfileBuilder(KINDS)
            table = pa.table(hours[TWO.starts.index(part.window)], schema=SCHEMA).filter(pa.array(mask))
            for batch in table.to_batches():
                builder.add(batch)
            same(profile, builder.finish())


def same(found: TableProfile, expected: TableProfile) -> None:
    """But for the rounding of means, and the order in which values were seen."""
    assert (found.rows, list(found.columns)) == (expected.rows, list(expected.columns))
    for name, one in found.columns.items():
        other = expected.columns[name]
        assert one.moments.mean == pytest.approx(other.moments.mean)
        assert one.moments.squares == pytest.approx(other.moments.squares)
        assert sorted(one.value_counts or ()) == sorted(other.value_counts or ())
        assert without_order(one) == without_order(other)


def without_order(column: ColumnProfile) -> ColumnProfile:
    return replace(column, moments=Moments(), value_counts=None, quantile_sketch=None, distinct_sketch=None)


def test_values_of_a_column_are_counted_window_by_window() -> None:
    rows = wine_rows(NOON, 6, spread=2 * HOUR, colour=["red", "red", None, "rosé", "rosé", "red"])
    step = ProfileStep(KINDS, windows=TWO, slices=[SliceBy.of("colour", SCHEMA)], by_version=True)
    assert step.value_columns == ["colour", "version"]
    found = [tuple(row.values()) for batch in step.values(iter(batches_of(rows))) for row in batch.to_pylist()]
    one, two = TWO.starts
    assert sorted(found) == [
        (one, "colour", "red", 2),
        (one, "version", "v1", 3),
        (two, "colour", "red", 1),
        (two, "colour", "rosé", 2),
        (two, "version", "v1", 3),
    ]


def test_drift_is_of_windows_with_rows_beside_the_baseline_and_the_window_before() -> None:
    before, now = (wine_rows(NOON + HOUR * place, 200, seed=place, moved=2.0 * place) for place in range(2))
    baseline = Baseline.from_batches(lambda: [batch.select(COLUMNS) for batch in batches_of(before)])
    states = added_up(ProfileStep(KINDS, baseline.frozen(), windows=TWO).partials(iter(batches_of(before, now))))
    first, second = (states[Part(start)] for start in TWO.starts)
    step = MetricsStep(Windows(NOON + HOUR, HOUR, 1), baseline.to_bytes())
    pairs = [{**Part(TWO.starts[1]).state(second), EARLIER: first.to_bytes()}]
    pairs += [{**Part(TWO.starts[1], "v9").state(TableProfile(0, first.columns)), EARLIER: None}]
    schema = STATES_SCHEMA.append(pa.field(EARLIER, pa.binary()))
    batch = pa.RecordBatch.from_pylist(pairs, schema=schema)
    rows = [row for made in step.drift_metrics(iter([batch])) for row in made.to_pylist()]
    assert {(row["drift_type"], row["column_name"]) for row in rows} == {
        (kind, name) for kind in ("BASELINE", "CONSECUTIVE") for name in (":table", *COLUMNS)
    }
    moved = {row["drift_type"]: row for row in rows if row["column_name"] == "alcohol"}
    assert moved["BASELINE"]["population_stability_index"] > 1
    assert moved["CONSECUTIVE"]["window_cmp"] == {"start": NOON, "end": NOON + HOUR}
    made = [
        row for found in step.profile_metrics(iter([batch.select(STATES_SCHEMA.names)])) for row in found.to_pylist()
    ]
    assert [row["model_version"] for row in made if row["column_name"] == ":table"] == [None, "v9"]


def options(*given: str) -> ProfilesJob:
    return read_options(parser().parse_args([*ASKED, *given]), NOW)


def test_the_last_closed_windows_are_asked_for_where_nothing_is_said() -> None:
    assert options().windows == Windows(NOON + 2 * HOUR, HOUR, 1)
    assert options("--last", "3", "--delay", "600").windows == Windows(NOON - HOUR, HOUR, 3)
    assert options("--granularity", "1 day", "--last", "2").windows.start == datetime(2026, 4, 29, tzinfo=UTC)
    given = options("--start", "2026-05-01T11:30", "--end", "2026-05-01T18:00+02:00")
    assert given.windows == Windows(NOON, HOUR, 3)  # whole ones, and none that is not closed
    assert (given.columns, given.slices, given.baseline, given.drift_target) == (("*",), (), None, None)
    span = ("--baseline-start", "2026-04-01", "--baseline-end", "2026-04-02", "--drift-target", "/spark/drift")
    april = Span(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC))
    assert options(*span, "--slice", "colour", "--column", "ph").baseline == BaselineSource(None, april)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["--granularity", "1 month"], "no length of windows"),
        (["--granularity", "0 minutes"], "no length of windows"),
        (["--start", "noon"], "--start 'noon' is no time"),
        (["--start", "2026-05-01T14:10"], "no window of 1 hour lies wholly between"),
        (["--start", "2026-05-02"], "no window of 1 hour"),
        (["--start", "1970-01-01"], "at most 1000"),
        (["--end", "0001-01-01", "--last", "9"], "out of range"),
        (["--last", "0"], "--last 0"),
        (["--delay", "-1"], "--delay -1.0"),
        (["--delay", "nan"], "--delay nan"),
        (["--drift-target", "/spark/drift"], "give both"),
        (["--baseline-table", "/lake/train"], "give both"),
        (["--baseline-start", "2026-04-01"], "go together"),
        (["--baseline-start", "2026-04-02", "--baseline-end", "2026-04-02"], "is not after"),
        (["--baseline-table", "/lake/train", "--drift-target", "/spark/profiles"], "one place"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    given: Sequence[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Refused) as refused:
        options(*given)
    assert why in str(refused.value)
    assert main([*ASKED, *given]) == 2
    assert capsys.readouterr().err.startswith("penstock-spark: ")


def test_lengths_of_windows_are_read_as_they_are_written() -> None:
    for text in ("1 minute", "90 seconds", "5 minutes", "1 hour", "1 day", "2 weeks"):
        assert granularity_text(parse_granularity(text)) == text
    assert parse_granularity(" 24  Hours") == timedelta(days=1)
    for wrong in ("", "hour", "1h", "1 month", "1 year", "-1 hour", "400 days", "9999999999 weeks"):
        with pytest.raises(ValueError, match="length of windows"):
            parse_granularity(wrong)


def test_engines_tell_tables_apart_by_one_property() -> None:
    assert schemas.ENGINE_PROPERTY == ENGINE_PROPERTY
