"""Streaming queries: run until their source has nothing new, or for good; started again when their source widened."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming import StreamingQuery

from penstock_spark.errors import Refused

log = logging.getLogger(__name__)

WIDENINGS = 3
"""A query ends when its source has got a column, and goes on with it when it is started again."""
WIDENED = ("DELTA_SCHEMA_CHANGED", "DELTA_STREAMING_INCOMPATIBLE_SCHEMA_CHANGE", "SCHEMA_CHANGE")
BatchWriter = Callable[[DataFrame, int, str], None]
"""Rows of a micro-batch, its number, and the id of its query, which is its checkpoint's."""


@dataclass(frozen=True)
class Stream:
    """A Delta table that is read as a stream, and what is done with each micro-batch."""

    source: str
    checkpoint: str
    write: BatchWriter
    options: Mapping[str, str] = field(default_factory=dict)
    interval: str | None = None
    """How often for good, `30 seconds`; None: what there is, and no more."""


@dataclass
class _Started:
    """The query's id is known once it has started; its first batch may come before."""

    event: Event = field(default_factory=Event)
    query: StreamingQuery | None = None
    refused: Refused | None = None
    """Why its batch was refused: the query itself says it in a hundred lines."""

    @property
    def running(self) -> StreamingQuery:
        """The query; it has started."""
        assert self.query is not None
        return self.query


def run_stream(spark: SparkSession, stream: Stream) -> None:
    """Run it to its end. Raises what ended it."""
    for attempt in range(WIDENINGS + 1):
        started = _start(spark, stream)
        try:
            started.running.awaitTermination()
        except StreamingQueryException as error:
            if started.refused is not None:
                raise started.refused from error
            if attempt == WIDENINGS or not any(each in str(error) for each in WIDENED):
                raise
            log.info("%s has got a column: reading goes on with it", stream.source)
        else:
            return


def _start(spark: SparkSession, stream: Stream) -> _Started:
    started = _Started()

    def write(rows: DataFrame, batch: int) -> None:
        started.event.wait()
        try:
            stream.write(rows, batch, str(started.running.id))
        except Refused as error:
            started.refused = error
            raise

    rows = (
        spark.readStream.format("delta")
        .option("skipChangeCommits", "true")  # compactions and erasures rewrite rows that were read already
        .options(**stream.options)
        .load(stream.source)
    )
    writer = rows.writeStream.option("checkpointLocation", stream.checkpoint).foreachBatch(write)
    interval = stream.interval
    writer = writer.trigger(availableNow=True) if interval is None else writer.trigger(processingTime=interval)
    started.query = writer.start()
    started.event.set()
    return started
