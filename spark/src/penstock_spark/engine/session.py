"""The session that a job runs in, and what it needs of it."""

from __future__ import annotations

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from penstock_spark.errors import Refused

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",  # times cross to Arrow with the session's zone
    "spark.sql.execution.arrow.maxRecordsPerBatch": "512",  # bodies of payload are up to 1 MiB each
    "spark.sql.caseSensitive": "false",
}
EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"


def open_session(app_name: str) -> SparkSession:
    """The cluster's session, or the one that `spark-submit` has set up. Raises `Refused` where it lacks Delta Lake."""
    builder = SparkSession.builder.appName(app_name)
    spark = (
        builder.config("spark.sql.extensions", EXTENSION)
        .config("spark.sql.catalog.spark_catalog", CATALOG)
        .getOrCreate()
    )
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    _require_delta(spark)
    return spark


def read_text(spark: SparkSession, place: str) -> str:
    """A small file that the cluster can read. Raises `Refused`."""
    try:
        found = spark.read.text(place, wholetext=True).collect()
    except AnalysisException as error:
        raise Refused(f"there is no file at {place}") from error
    return str(found[0][0]) if found else ""


def _require_delta(spark: SparkSession) -> None:
    try:
        spark.read.format("delta").load("/")
    except AnalysisException as error:
        if error.getCondition() == "DATA_SOURCE_NOT_FOUND":
            raise Refused(
                "Spark lacks Delta Lake: hand its jars over with --jars or --packages, such as "
                "io.delta:delta-spark_4.1_2.13:4.2.0"
            ) from error
