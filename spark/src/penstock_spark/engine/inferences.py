"""Payload → inferences as a stream: of each micro-batch the columns are decided, the rows made, and appended once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from inference_logger.domain.inferences.signatures import KnownSignatures, Signature, SignatureKey
from inference_logger.domain.schema import INFERENCES_SCHEMA, NEEDED_OF_PAYLOAD, PARTITION_BY
from penstock_spark.engine.queries import Stream, run_stream
from penstock_spark.engine.targets import IDENTITY, Target, check_source
from penstock_spark.engine.types import to_struct
from penstock_spark.signatures import signatures_for
from penstock_spark.steps.columns import signed_columns, with_new_fields
from penstock_spark.steps.inferences import FOUND_SCHEMA, InferenceStep, read_found

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class InferencesJob:
    """What the job was submitted with."""

    payload: str
    signatures: Callable[[], KnownSignatures]
    """Read anew for each micro-batch: a new version has one that was not there before."""
    may_lack_signatures: bool
    target: str
    checkpoint: str
    interval: str | None = None
    max_bytes: str = "1g"
    """Of payload in one micro-batch, about."""


def run_inferences(spark: SparkSession, job: InferencesJob) -> None:
    """Append what payload has and the target lacks. Raises `Refused`, and whatever Spark does."""
    source = check_source(spark, job.payload, job.target)
    target = Target.open(spark, job.target, INFERENCES_SCHEMA)

    def write(payload: DataFrame, batch: int, query: str) -> None:
        _append(job, target, payload, f"penstock:derive:{source}:{query}", batch)

    options = {"maxBytesPerTrigger": job.max_bytes}
    run_stream(spark, Stream(job.payload, job.checkpoint, write, options, job.interval))


def _append(job: InferencesJob, target: Target, payload: DataFrame, app_id: str, batch: int) -> None:
    is_looked_up = target.note_query(app_id.rpartition(":")[2])
    names = set(payload.columns)
    payload = payload.select(*(name for name in (*PARTITION_BY, *NEEDED_OF_PAYLOAD) if name in names))
    signatures = signatures_for(_keys(payload), job.signatures(), may_lack=job.may_lack_signatures)
    fields = _plan(payload, signatures, target.fields())
    rows = payload.mapInArrow(InferenceStep(signatures, fields).rows, to_struct(fields))
    if is_looked_up:
        rows = target.without_known(rows, IDENTITY)
    target.append(rows, app_id, batch)
    log.info("batch %s is in %s", batch, job.target)


def _keys(payload: DataFrame) -> set[SignatureKey]:
    there = [name in payload.columns for name in ("version_id", "generation")]
    if not all(there):
        return set()
    return {(row[0], row[1]) for row in payload.select("version_id", "generation").distinct().collect()}


def _plan(
    payload: DataFrame, signatures: Mapping[SignatureKey, Signature], known: Sequence[pa.Field]
) -> list[pa.Field]:
    """The table's columns, and those that these rows need, in the order of the rows."""
    found = payload.mapInArrow(InferenceStep(signatures, known).find_columns, to_struct(FOUND_SCHEMA)).collect()
    ordered = sorted(found, key=lambda row: (row["at"] is None, row["at"] or 0, row["record_id"] or ""))
    return with_new_fields(known, [read_found(bytes(row["fields"])) for row in ordered], signed_columns(signatures))
