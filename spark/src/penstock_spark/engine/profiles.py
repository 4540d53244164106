"""Profiles and drift of windows of an inferences or labelled table, as tables in the shapes of the monitor's own.

Executors make partial profiles of the rows that they read, which are added up part by part: a window's, of a version,
of a slice. Rows of the tables are made of what that gives; a window's replace those that are there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.window import Window as Over

from monitor.domain.rules.slicing import MOST_SLICES, SliceBy
from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.baselines.freezing import chosen_bins
from monitor.domain.statistics.columns import TableColumn, column_of, named_columns, stored_names
from monitor.domain.statistics.exports.schemas import DRIFT_METRICS, PROFILE_METRICS
from monitor.domain.statistics.kinds import kind_of
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.profiles.table import TableProfile
from penstock_spark.engine.targets import Target, check_source, details
from penstock_spark.engine.types import to_fields, to_struct
from penstock_spark.errors import Refused
from penstock_spark.profile_options import BaselineSource, ProfilesJob
from penstock_spark.steps.metrics import EARLIER, MetricsStep
from penstock_spark.steps.profiles import (
    STATE_KEY,
    STATES_SCHEMA,
    TIME,
    VALUES_SCHEMA,
    VERSION,
    Part,
    ProfileStep,
    add_up,
)
from penstock_spark.steps.windows import Span
from shared.errors import InvalidInput

log = logging.getLogger(__name__)

DAY = "request_date"
BATCHES = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": "16384",  # no bodies are read: a row is small
    "spark.sql.execution.arrow.maxBytesPerBatch": str(32 * 2**20),  # but where texts are long
}


@dataclass(frozen=True)
class Source:
    """The table that is profiled."""

    rows: DataFrame
    schema: pa.Schema
    columns: Sequence[str]
    """Those that are profiled, as the table calls them."""

    @property
    def known(self) -> Mapping[str, TableColumn]:
        """Every column."""
        return {field.name: column_of(field) for field in self.schema}

    @classmethod
    def open(cls, spark: SparkSession, job: ProfilesJob) -> Source:
        """Raises `Refused` for one that has no times, and where columns are not there."""
        rows = spark.read.format("delta").load(job.table)
        schema = pa.schema(to_fields(rows.schema))
        for name in (TIME, VERSION) if job.by_version else (TIME,):
            if name not in schema.names:
                raise Refused(f"the table at {job.table} has no column {name}: it is no table of inferences")
        columns, missing = named_columns({field.name: column_of(field) for field in schema}, job.columns)
        if missing or not columns:
            lacks = ", ".join(missing) or "features and predictions"
            raise Refused(f"the table at {job.table} has no column {lacks}")
        return cls(rows, schema, list(dict.fromkeys(columns)))

    def step(self, job: ProfilesJob) -> ProfileStep:
        """Raises `Refused` for a slice that the table does not have."""
        kinds = {name: kind_of(str(self.schema.field(name).type)) for name in self.columns}
        try:
            slices = [SliceBy.of(text, self.schema) for text in dict.fromkeys(job.slices)]
        except InvalidInput as error:
            raise Refused(f"--slice: {error}") from error
        return ProfileStep(kinds, windows=job.windows, slices=slices, by_version=job.by_version)


def run_profiles(spark: SparkSession, job: ProfilesJob) -> None:
    """Make the windows' rows, in place of those that are there. Raises `Refused`, and whatever Spark does."""
    for name, value in BATCHES.items():
        spark.conf.set(name, value)
    places = [each for each in (job.target, job.drift_target) if each is not None]
    for place in places:
        check_source(spark, job.table, place)
    if job.baseline is not None and job.baseline.table is not None:
        details(spark, job.baseline.table)
    source = Source.open(spark, job)
    step = source.step(job)
    target = Target.open(spark, job.target, PROFILE_METRICS, partition_by=())
    if job.drift_target is None or job.baseline is None:
        _write_profiles(target, job, _states(source, step))
        return
    drift = Target.open(spark, job.drift_target, DRIFT_METRICS, partition_by=())
    baseline = _baseline(spark, source, job.baseline)
    frozen = Baseline(baseline).frozen()
    states = _states(source, replace(step, windows=job.windows.with_earlier(), frozen=frozen))
    _write_profiles(target, job, states)
    _write_drift(drift, job, states, baseline)


def _states(source: Source, step: ProfileStep) -> DataFrame:
    """A profile for each part of each window; of windows without rows one of no rows."""
    windows = step.windows
    assert windows is not None
    read = dict.fromkeys([TIME, *source.columns, *step.value_columns, *(c for by in step.slices for c in by.columns)])
    rows = _within(source.rows, Span(windows.start, windows.end)).select(*(_named(name) for name in read))
    step = replace(step, wanted=_wanted(rows, step))
    builder = ProfileBuilder(step.kinds, step.frozen)
    builder.add(pa.RecordBatch.from_pylist([], pa.schema([source.schema.field(name) for name in source.columns])))
    empty = builder.finish()
    of_none = [Part(start).state(empty) for start in windows.starts]
    spark = rows.sparkSession
    none = spark.createDataFrame([tuple(row.values()) for row in of_none], to_struct(STATES_SCHEMA))
    return _added_up(rows.mapInArrow(step.partials, to_struct(STATES_SCHEMA)).unionAll(none)).localCheckpoint()


def _added_up(states: DataFrame) -> DataFrame:
    return states.groupBy(*STATE_KEY).applyInArrow(add_up, to_struct(STATES_SCHEMA))


def _wanted(rows: DataFrame, step: ProfileStep) -> Mapping[tuple[int, str], frozenset[str]]:
    """Of each column that is sliced by, window by window, the values that most rows have."""
    if not step.value_columns:
        return {}
    counts = rows.mapInArrow(step.values, to_struct(VALUES_SCHEMA)).groupBy("window", "column", "value")
    order = Over.partitionBy("window", "column").orderBy(f.desc("rows"), "value")
    ranked = counts.agg(f.sum("rows").alias("rows")).withColumn("place", f.row_number().over(order))
    found: dict[tuple[int, str], set[str]] = {}
    for row in ranked.where(f.col("place") <= MOST_SLICES).collect():
        found.setdefault((row["window"], row["column"]), set()).add(row["value"])
    return {key: frozenset(values) for key, values in found.items()}


def _within(rows: DataFrame, span: Span) -> DataFrame:
    """Rows of a span; by the day as well, which leaves out whole folders."""
    found = rows.where((f.col(TIME) >= f.lit(span.start)) & (f.col(TIME) < f.lit(span.end)))
    if DAY in rows.columns:
        found = found.where(f.col(DAY).between(f.lit(span.start.date()), f.lit(span.end.date())))
    return found


def _named(name: str) -> Column:
    return f.col("`" + name.replace("`", "``") + "`")


def _baseline(spark: SparkSession, source: Source, asked: BaselineSource) -> TableProfile:
    """Read twice: to choose bins, and to count over them. Raises `Refused` where there is nothing to compare with."""
    rows = source.rows if asked.table is None else spark.read.format("delta").load(asked.table)
    if asked.span is not None:
        if TIME not in rows.columns:
            raise Refused(f"the table at {asked.table} has no column {TIME}: a span of it cannot be a baseline")
        rows = _within(rows, asked.span)
    stored = {} if asked.table is None else stored_names(source.known)
    named = {name: stored.get(name, name) for name in rows.columns}
    rows = rows.select(*(_named(name).alias(to) for name, to in named.items() if to in source.columns))
    if not rows.columns:
        raise Refused(f"the baseline at {asked.table} has none of the columns that are profiled")
    first = _whole(rows, ProfileStep())
    if not first.rows:
        raise Refused("the baseline has no rows")
    return _whole(rows, ProfileStep(frozen=chosen_bins(first)))


def _whole(rows: DataFrame, step: ProfileStep) -> TableProfile:
    """The profile of all rows."""
    found = _added_up(rows.mapInArrow(step.partials, to_struct(STATES_SCHEMA))).collect()
    return TableProfile.from_bytes(bytes(found[0]["profile"])) if found else TableProfile(0, {})


def _write_profiles(target: Target, job: ProfilesJob, states: DataFrame) -> None:
    step = MetricsStep(job.windows)
    _replace(target, job, _asked(states, job).mapInArrow(step.profile_metrics, to_struct(PROFILE_METRICS)))


def _write_drift(target: Target, job: ProfilesJob, states: DataFrame, baseline: TableProfile) -> None:
    """Of each part beside the baseline, and beside the same part of the window before."""
    step = MetricsStep(job.windows, baseline.to_bytes())
    earlier = states.select(
        (f.col("window") + job.windows.step).alias("to_window"),
        *(f.col(name).alias(f"to_{name}") for name in STATE_KEY[1:]),
        f.col("profile").alias(EARLIER),
    )
    same = [f.col(name).eqNullSafe(f.col(f"to_{name}")) for name in STATE_KEY]
    pairs = _asked(states, job).join(earlier, on=same, how="left").select(*STATES_SCHEMA.names, EARLIER)
    _replace(target, job, pairs.mapInArrow(step.drift_metrics, to_struct(DRIFT_METRICS)))


def _asked(states: DataFrame, job: ProfilesJob) -> DataFrame:
    """Without those of the window before the first."""
    return states.where(f.col("window") >= job.windows.starts[0])


def _replace(target: Target, job: ProfilesJob, rows: DataFrame) -> None:
    windows = job.windows
    start, end = (f"TIMESTAMP'{time:%Y-%m-%d %H:%M:%S.%f}'" for time in (windows.start, windows.end))
    same = f"granularity = '{windows.granularity}'"
    target.replace(rows, f"{same} AND `window`.`start` >= {start} AND `window`.`start` < {end}")
    log.info("%s has %s windows of %s up to %s", target.location, windows.count, windows.granularity, windows.end)
