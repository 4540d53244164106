"""Columns of `profile_metrics` and `drift_metrics`, in the order of Databricks' tables."""

from __future__ import annotations

import pyarrow as pa

ENGINE_PROPERTY = "penstock.engine"
"""Says of a table that a Spark job has made it: one engine writes a table."""
TABLE_ROW = ":table"
"""`column_name` of the row that is of the whole table."""

_WINDOW = pa.struct([("start", pa.timestamp("us", "UTC")), ("end", pa.timestamp("us", "UTC"))])
_TEST = pa.struct([("statistic", pa.float64()), ("pvalue", pa.float64())])
_AVERAGES = pa.struct(
    [
        ("one_vs_all", pa.map_(pa.string(), pa.float64())),
        ("macro", pa.float64()),
        ("weighted", pa.float64()),
    ]
)

PROFILE_METRICS = pa.schema(
    [
        ("window", _WINDOW),
        ("log_type", pa.string()),
        ("logging_table_commit_version", pa.int32()),
        ("monitor_version", pa.int64()),
        ("granularity", pa.string()),
        ("slice_key", pa.string()),
        ("slice_value", pa.string()),
        ("model_version", pa.string()),
        ("column_name", pa.string()),
        ("count", pa.int64()),
        ("data_type", pa.string()),
        ("num_nulls", pa.int64()),
        ("avg", pa.float64()),
        ("quantiles", pa.list_(pa.float64())),
        ("min", pa.float64()),
        ("max", pa.float64()),
        ("stddev", pa.float64()),
        ("num_zeros", pa.int64()),
        ("num_nan", pa.int64()),
        ("min_length", pa.float64()),
        ("max_length", pa.float64()),
        ("avg_length", pa.float64()),
        ("non_null_columns", pa.list_(pa.string())),
        ("frequent_items", pa.list_(pa.struct([("item", pa.string()), ("count", pa.int64())]))),
        ("median", pa.float64()),
        ("distinct_count", pa.int64()),
        ("percent_nan", pa.float64()),
        ("percent_null", pa.float64()),
        ("percent_zeros", pa.float64()),
        ("percent_distinct", pa.float64()),
        ("accuracy_score", pa.float64()),
        ("precision", _AVERAGES),
        ("recall", _AVERAGES),
        ("f1_score", _AVERAGES),
        ("roc_auc_score", pa.struct([("one_vs_rest", pa.struct([("weighted", pa.float64())]))])),
        ("log_loss", pa.float64()),
        (
            "confusion_matrix",
            pa.list_(pa.struct([("prediction", pa.string()), ("label", pa.string()), ("count", pa.int64())])),
        ),
        ("mean_squared_error", pa.float64()),
        ("root_mean_squared_error", pa.float64()),
        ("mean_average_error", pa.float64()),
        ("mean_absolute_percentage_error", pa.float64()),
        ("r2_score", pa.float64()),
    ]
)

DRIFT_METRICS = pa.schema(
    [
        ("window", _WINDOW),
        ("granularity", pa.string()),
        ("monitor_version", pa.int64()),
        ("slice_key", pa.string()),
        ("slice_value", pa.string()),
        ("model_version", pa.string()),
        ("column_name", pa.string()),
        ("data_type", pa.string()),
        ("window_cmp", _WINDOW),
        ("drift_type", pa.string()),
        ("count_delta", pa.int64()),
        ("avg_delta", pa.float64()),
        ("percent_null_delta", pa.float64()),
        ("percent_zeros_delta", pa.float64()),
        ("percent_distinct_delta", pa.float64()),
        ("non_null_columns_delta", pa.struct([("added", pa.int32()), ("missing", pa.int32())])),
        ("js_distance", pa.float64()),
        ("ks_test", _TEST),
        ("wasserstein_distance", pa.float64()),
        ("population_stability_index", pa.float64()),
        ("chi_squared_test", _TEST),
        ("tv_distance", pa.float64()),
        ("l_infinity_distance", pa.float64()),
    ]
)
