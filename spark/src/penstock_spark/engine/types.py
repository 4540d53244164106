"""Columns of Spark as columns of Arrow, and the other way round, with what their metadata says."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from pyspark.sql import types as spark

from penstock_spark.errors import Refused

_SCALARS = (
    (spark.StringType, pa.string()),
    (spark.LongType, pa.int64()),
    (spark.IntegerType, pa.int32()),
    (spark.DoubleType, pa.float64()),
    (spark.BooleanType, pa.bool_()),
    (spark.DateType, pa.date32()),
    (spark.TimestampType, pa.timestamp("us", "UTC")),
    (spark.BinaryType, pa.binary()),
)


def to_struct(fields: Iterable[pa.Field]) -> spark.StructType:
    """As Spark has it."""
    return spark.StructType([spark.StructField(each.name, _to_spark(each.type), True, _said(each)) for each in fields])


def _said(field: pa.Field) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in (field.metadata or {}).items() if b"PARQUET" not in name}


def _to_spark(found: pa.DataType) -> spark.DataType:
    if pa.types.is_list(found):
        return spark.ArrayType(_to_spark(found.value_type), True)
    if pa.types.is_struct(found):
        return to_struct(found)
    if pa.types.is_map(found):
        return spark.MapType(_to_spark(found.key_type), _to_spark(found.item_type), True)
    return next(made() for made, known in _SCALARS if known == found)


def to_fields(schema: spark.StructType) -> list[pa.Field]:
    """As Arrow has it. Raises `Refused` for types that Penstock's tables do not have."""
    return [
        pa.field(each.name, _to_arrow(each.dataType, each.name), each.nullable, _metadata(each))
        for each in schema.fields
    ]


def _metadata(field: spark.StructField) -> dict[str, str] | None:
    return {name: value for name, value in (field.metadata or {}).items() if isinstance(value, str)} or None


def _to_arrow(found: spark.DataType, column: str) -> pa.DataType:
    if isinstance(found, spark.ArrayType):
        return pa.list_(_to_arrow(found.elementType, column))
    known = next((type_ for made, type_ in _SCALARS if isinstance(found, made)), None)
    if known is None:
        raise Refused(f"column {column} is {found.simpleString()}, which no table of Penstock has")
    return known
