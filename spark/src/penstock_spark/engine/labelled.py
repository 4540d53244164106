"""Inferences and labels → labelled rows, as two streaming queries that take turns.

One takes new inferences, and joins them with the labels that are there; the other takes new labels, and joins them with
the inferences that are there. Whichever of an inference and its label is read last finds the other. Rows are merged:
one that is joined again is the same row, so that nothing is doubled by what is killed, tried again or read anew.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from inference_logger.domain.inferences.names import ROLE
from inference_logger.domain.labels.history import NEEDED as OF_LABELS
from inference_logger.domain.labels.join import LABEL_ROLE
from inference_logger.domain.labels.schema import LABEL_SYSTEM_FIELDS, LABEL_SYSTEM_NAMES
from inference_logger.domain.schema import INFERENCES_SCHEMA, PARTITION_BY
from penstock_spark.engine.queries import Stream, run_stream
from penstock_spark.engine.targets import IDENTITY, Target, check_source
from penstock_spark.engine.types import to_fields, to_struct
from penstock_spark.steps.labels import PIECE, ROW_KEYS_SCHEMA, LabelledStep, with_label_fields

log = logging.getLogger(__name__)

DAY = PARTITION_BY[0]


@dataclass(frozen=True)
class LabelledJob:
    """What the job was submitted with."""

    inferences: str
    labels: str
    target: str
    checkpoint: str
    interval_s: float | None = None
    """Seconds between two turns; None: one turn."""
    max_bytes: str = "1g"


def run_labelled(spark: SparkSession, job: LabelledJob) -> None:
    """Bring the labelled table on. Raises `Refused`, and whatever Spark does."""
    for source in (job.inferences, job.labels):
        check_source(spark, source, job.target)
    target = Target.open(spark, job.target, pa.schema([*INFERENCES_SCHEMA, *LABEL_SYSTEM_FIELDS]))

    def of_rows(rows: DataFrame, _batch: int, _query: str) -> None:
        _merge(job, target, rows)

    def of_labels(labels: DataFrame, _batch: int, _query: str) -> None:
        inferences = spark.read.format("delta").load(job.inferences)
        named = labels.select("key_name", "key").distinct()
        step = _step(inferences, named)
        ids = _row_keys(inferences, step).join(named, on=["key_name", "key"]).select(*IDENTITY).distinct()
        _merge(job, target, inferences.join(ids, on=list(IDENTITY), how="left_semi"))

    options = {"maxBytesPerTrigger": job.max_bytes}
    turn = [
        Stream(job.inferences, f"{job.checkpoint}/inferences", of_rows, options),
        Stream(job.labels, f"{job.checkpoint}/labels", of_labels, options),
    ]
    while True:
        for stream in turn:
            run_stream(spark, stream)
        if job.interval_s is None:
            return
        time.sleep(job.interval_s)


def _step(inferences: DataFrame, labels: DataFrame) -> LabelledStep:
    names = sorted(row[0] for row in labels.select("key_name").distinct().collect())
    return LabelledStep(to_fields(inferences.schema), names)


def _row_keys(rows: DataFrame, step: LabelledStep) -> DataFrame:
    columns = dict.fromkeys([*IDENTITY, *step.key_columns()])
    return rows.select(*columns).mapInArrow(step.row_keys, to_struct(ROW_KEYS_SCHEMA))


def _merge(job: LabelledJob, target: Target, rows: DataFrame) -> None:
    """Join rows of inferences with the labels that there are, and write those that differ from what is there."""
    all_labels = target.spark.read.format("delta").load(job.labels)
    step = _step(rows, all_labels)
    pieces = f.pmod(f.hash("record_id"), f.lit(_pieces(target.spark)))
    keys = _row_keys(rows, step).withColumn(PIECE, pieces)
    matched = all_labels.join(keys.select("key_name", "key", PIECE).distinct(), on=["key_name", "key"])
    labels = matched.select(*OF_LABELS, PIECE).localCheckpoint()
    fields = _plan(target, step, labels)
    step = LabelledStep(step.inferences, step.key_names, fields)
    joined = (
        rows.withColumn(PIECE, pieces)
        .groupBy(PIECE)
        .cogroup(labels.groupBy(PIECE))
        .applyInArrow(lambda rows, found: step.joined(rows, found), to_struct(fields))  # noqa: PLW0108 - its arguments are counted
        .localCheckpoint()
    )
    _write(target, joined, fields)


def _pieces(spark: SparkSession) -> int:
    return int(spark.conf.get("spark.sql.shuffle.partitions") or 1)


def _plan(target: Target, step: LabelledStep, labels: DataFrame) -> list[pa.Field]:
    """The target's columns with those that it lacks, added to it: of inferences, and of labels, the oldest first."""
    known = target.fields()
    there = {field.name for field in known}
    known += [field.with_nullable(True) for field in step.inferences if field.name not in there]
    first = labels.groupBy("name", "kind").agg(f.min(f.struct("received_at", "revision")).alias("first"))
    named = [(row["name"], row["kind"]) for row in first.orderBy("first", "name", "kind").collect()]
    fields = with_label_fields(known, named)
    if len(fields) > len(there):
        target.add_columns(fields)
    return fields


def _write(target: Target, joined: DataFrame, fields: list[pa.Field]) -> None:
    days = [row[0] for row in joined.select(DAY).distinct().collect()]
    if not days:
        return
    labels = [field.name for field in fields if _is_label(field)]
    listed = ", ".join(f"DATE'{day.isoformat()}'" for day in days if day is not None)
    same = " AND ".join(f"t.{name} = s.{name}" for name in IDENTITY)
    differs = " OR ".join(f"NOT (t.`{name}` <=> s.`{name}`)" for name in labels)
    target.merge(joined, f"t.{DAY} IN ({listed}) AND {same}", differs)
    log.info("%s has the labels of %s rows", target.location, joined.count())


def _is_label(field: pa.Field) -> bool:
    return field.name in LABEL_SYSTEM_NAMES or (field.metadata or {}).get(ROLE) == LABEL_ROLE
