"""Tables that Spark writes: its own, made by it and marked as its own. One engine writes a table.

A target's properties hold the mark and the ids of the queries that have written it. Each append carries the
application transaction of its query, whose version is the micro-batch: a batch that is tried again after it was
committed is passed over. Another query (a checkpoint that was lost begins a new one, with batches from 0) reads the
source from its beginning, and looks its records up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Row, SparkSession, functions

from inference_logger.domain.schema import ENGINE_PROPERTY, PARTITION_BY, SPARK, TABLE_PROPERTIES
from penstock_spark.engine.types import to_fields, to_struct
from penstock_spark.errors import Refused
from penstock_spark.places import check_place

QUERIES = "penstock.queries"
MERGED = "penstock_merged"
IDENTITY = ("record_id", "row_index")
"""Of a row of inferences."""


def quoted(location: str) -> str:
    """A table by its place, in SQL."""
    return "delta.`" + location.replace("`", "``") + "`"


def check_source(spark: SparkSession, source: str, target: str) -> str:
    """The id of a table that is read. Raises `Refused` where it is none, or where the target may not lie."""
    found = details(spark, source)
    check_place(source, target, is_ours=found["properties"].get(ENGINE_PROPERTY) == SPARK)
    return str(found["id"])


def details(spark: SparkSession, location: str) -> Row:
    """What Delta says of a table. Raises `Refused` where there is none."""
    try:
        return spark.sql(f"DESCRIBE DETAIL {quoted(location)}").first()
    except AnalysisException as error:
        raise Refused(f"there is no Delta table at {location}") from error


@dataclass(frozen=True)
class Target:
    """A table of Spark's own."""

    spark: SparkSession
    location: str
    looked_up: dict[str, bool] = field(default_factory=dict)
    """What `note_query` has said: it is the same for good."""

    @classmethod
    def open(
        cls, spark: SparkSession, location: str, schema: pa.Schema, partition_by: Sequence[str] = PARTITION_BY
    ) -> Target:
        """Make it where there is none. Raises `Refused` for one that another engine has made."""
        columns = ", ".join(
            f"`{field.name}` {kind.dataType.simpleString()}{'' if field.nullable else ' NOT NULL'}"
            for field, kind in zip(schema, to_struct(schema).fields, strict=True)
        )
        properties = ", ".join(
            f"'{name}' = '{value}'" for name, value in (TABLE_PROPERTIES | {ENGINE_PROPERTY: SPARK}).items()
        )
        partitions = f"PARTITIONED BY ({', '.join(partition_by)}) " if partition_by else ""
        spark.sql(
            f"CREATE TABLE IF NOT EXISTS {quoted(location)} ({columns}) USING DELTA "
            f"{partitions}TBLPROPERTIES ({properties})"
        )
        if details(spark, location)["properties"].get(ENGINE_PROPERTY) != SPARK:
            raise Refused(f"the table at {location} was not made by Spark's job: it is not written to")
        return cls(spark, location)

    def read(self) -> DataFrame:
        """Its newest rows."""
        return self.spark.read.format("delta").load(self.location)

    def fields(self) -> list[pa.Field]:
        """Its columns."""
        return to_fields(self.read().schema)

    def note_query(self, query: str) -> bool:
        """Note who writes; whether others did before, so that what is written has to be looked up."""
        if query in self.looked_up:
            return self.looked_up[query]
        properties = details(self.spark, self.location)["properties"]
        noted = [each for each in properties.get(QUERIES, "").split(",") if each]
        if query not in noted:
            noted.append(query)
            value = ",".join(noted)
            self.spark.sql(f"ALTER TABLE {quoted(self.location)} SET TBLPROPERTIES ('{QUERIES}' = '{value}')")
        self.looked_up[query] = noted != [query]
        return self.looked_up[query]

    def append(self, rows: DataFrame, app_id: str, batch: int) -> None:
        """Append them, unless this batch was appended already; columns that the table lacks are added."""
        (
            rows.write.format("delta")
            .mode("append")
            .option("mergeSchema", "true")
            .option("txnAppId", app_id)
            .option("txnVersion", str(batch))
            .save(self.location)
        )

    def replace(self, rows: DataFrame, condition: str) -> None:
        """Put rows in place of those that meet the condition, which they meet, in one commit."""
        rows.write.format("delta").mode("overwrite").option("replaceWhere", condition).save(self.location)

    def add_columns(self, fields: Sequence[pa.Field]) -> None:
        """Columns that it lacks, with what is said of them."""
        none = self.spark.createDataFrame([], to_struct(fields))
        none.write.format("delta").mode("append").option("mergeSchema", "true").save(self.location)

    def merge(self, rows: DataFrame, condition: str, differs: str) -> None:
        """Replace rows (`t`) that rows of `s` are the same as by `condition` where they differ; add the others."""
        spark = rows.sparkSession  # a micro-batch has a session of its own
        rows.createOrReplaceTempView(MERGED)
        try:
            spark.sql(
                f"MERGE INTO {quoted(self.location)} t USING {MERGED} s ON {condition} "
                f"WHEN MATCHED AND ({differs}) THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
            )
        finally:
            spark.catalog.dropTempView(MERGED)

    def without_known(self, rows: DataFrame, keys: Sequence[str]) -> DataFrame:
        """Those rows whose keys the table lacks; only its days of these rows are looked at."""
        days = [row[0] for row in rows.select(*PARTITION_BY).distinct().collect()]
        known = self.read().where(functions.col(PARTITION_BY[0]).isin(days)).select(*keys).distinct()
        return rows.join(known, on=list(keys), how="left_anti")
