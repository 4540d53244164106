"""SageMaker Model Monitor's `statistics.json` and `constraints.json` as a baseline and expectations.

The statistics have ten buckets of equal width per numeric column and counts per category: windows are counted over the
same. Of numbers there are no more than these buckets, so that KS and Wasserstein distances are as coarse as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.baselines.expectations import ColumnExpectation
from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import sketches
from monitor.domain.statistics.profiles.bins import Categories, ColumnBins, Edges
from monitor.domain.statistics.profiles.column import BinCounts, ColumnProfile, Moments
from monitor.domain.statistics.profiles.table import TableProfile

_TYPES = {"Integral": "int64", "Fractional": "double", "String": "string"}
_KINDS = {"Integral": ColumnKind.NUMERIC, "Fractional": ColumnKind.NUMERIC, "String": ColumnKind.CATEGORICAL}
_SKETCHED = 2_000
"""Points that stand for the buckets in the quantile sketch."""


def baseline_from_json(document: Mapping[str, Any]) -> Baseline:
    """Of either document: constraints have no figures. ValueError as the two below."""
    if "dataset" in document or _has_statistics(document):
        return baseline_from_statistics(document)
    return Baseline(TableProfile(0, {}), expectations_from_constraints(document))


def _has_statistics(document: Mapping[str, Any]) -> bool:
    return any({"numerical_statistics", "string_statistics"} & set(feature) for feature in _features(document))


def baseline_from_statistics(statistics: Mapping[str, Any]) -> Baseline:
    """ValueError, naming the field, where the document has not the documented shape."""
    rows = _whole(_field(_field(statistics, "dataset"), "item_count", "dataset."))
    columns = [_column(feature, f"features[{place}]") for place, feature in enumerate(_features(statistics))]
    return Baseline(TableProfile(rows, {column.name: column for column in columns}))


def expectations_from_constraints(constraints: Mapping[str, Any]) -> tuple[ColumnExpectation, ...]:
    """Kind, completeness, non-negative, domains. ValueError, naming the field, where the shape is another one.

    `monitoring_config.domain_content_threshold` is the least share of values in a column's domain.
    """
    share = _number(
        _object(constraints, "monitoring_config").get("domain_content_threshold", 1.0),
        "monitoring_config.domain_content_threshold",
    )
    expectations = []
    for place, feature in enumerate(_features(constraints)):
        path = f"features[{place}]."
        kind = _KINDS.get(str(feature.get("inferred_type")))
        domains = _domains(feature)
        is_positive = bool(_object(feature, "num_constraints").get("is_non_negative", False))
        completeness = feature.get("completeness")
        expectations.append(
            ColumnExpectation(
                name=str(_field(feature, "name", path)),
                kind=None if kind is None else kind.value,
                completeness=None if completeness is None else _number(completeness, f"{path}completeness"),
                minimum=0.0 if is_positive else None,
                values=None if domains is None else tuple(str(value) for value in domains),
                values_share=share,
            )
        )
    return tuple(expectations)


def _domains(feature: Mapping[str, Any]) -> Sequence[Any] | None:
    domains = _object(feature, "string_constraints").get("domains")
    if domains is not None and not isinstance(domains, list):
        raise ValueError("domains are no list")
    return domains


def _column(feature: Mapping[str, Any], path: str) -> ColumnProfile:
    name = str(_field(feature, "name", f"{path}."))
    inferred = str(feature.get("inferred_type"))
    numeric, text = feature.get("numerical_statistics"), feature.get("string_statistics")
    if numeric is not None:
        return _numeric(name, numeric, _TYPES.get(inferred, "double"), f"{path}.numerical_statistics.")
    if text is not None:
        return _text(name, text, f"{path}.string_statistics.")
    return ColumnProfile(name, ColumnKind.OTHER, "null")


def _numeric(name: str, found: Mapping[str, Any], data_type: str, path: str) -> ColumnProfile:
    present, missing = _common(found, path)
    deviation = _number(found.get("std_dev", 0.0), f"{path}std_dev")
    minimum, maximum = (_number(_field(found, field, path), f"{path}{field}") for field in ("min", "max"))
    buckets = _buckets(found, "kll")
    lows = [_number(_field(bucket, "lower_bound", path), f"{path}lower_bound") for bucket in buckets]
    counts = [_whole(_field(bucket, "count", path)) for bucket in buckets]
    edges = tuple(sorted({low for low in lows[1:] if low > minimum}))
    is_whole = len(edges) == len(counts) - 1 and bool(counts)
    return ColumnProfile(
        name=name,
        kind=ColumnKind.NUMERIC,
        data_type=data_type,
        count=present + missing,
        nulls=missing,
        moments=Moments(
            count=present,
            mean=_number(_field(found, "mean", path), f"{path}mean"),
            squares=deviation * deviation * present,
            minimum=minimum,
            maximum=maximum,
        ),
        quantile_sketch=_sketch([*lows, maximum], counts, present) if is_whole else None,
        value_counts=None,
        bin_counts=BinCounts(ColumnBins(Edges(edges), minimum, maximum), tuple(counts)) if is_whole else None,
    )


def _sketch(limits: Sequence[float], counts: Sequence[int], present: int) -> bytes | None:
    """Points spread evenly within each bucket, in proportion to its count."""
    total = sum(counts)
    if not total:
        return None
    sketch = sketches.new_quantiles()
    for place, count in enumerate(counts):
        points = max(1, round(min(present, _SKETCHED) * count / total)) if count else 0
        sketch.update(np.linspace(limits[place], limits[place + 1], points + 2)[1:-1].copy())
    return bytes(sketch.serialize())


def _text(name: str, found: Mapping[str, Any], path: str) -> ColumnProfile:
    present, missing = _common(found, path)
    buckets = _buckets(found, "categorical")
    counted = tuple(
        (str(_field(bucket, "value", f"{path}distribution.")), _whole(_field(bucket, "count", f"{path}distribution.")))
        for bucket in buckets
    )
    others = max(0, present - sum(count for _, count in counted))
    frozen = ColumnBins(Categories(tuple(value for value, _ in counted)))
    return ColumnProfile(
        name=name,
        kind=ColumnKind.CATEGORICAL,
        data_type="string",
        count=present + missing,
        nulls=missing,
        value_counts=None if others else counted,
        bin_counts=BinCounts(frozen, (*(count for _, count in counted), others)),
    )


def _common(found: Mapping[str, Any], path: str) -> tuple[int, int]:
    common = _field(found, "common", path)
    return _whole(_field(common, "num_present", f"{path}common.")), _whole(common.get("num_missing", 0))


def _features(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    features = _field(document, "features")
    if not isinstance(features, list) or not all(isinstance(feature, Mapping) for feature in features):
        raise ValueError("features is not a list of objects")
    return features


def _field(document: Any, name: str, path: str = "") -> Any:
    if not isinstance(document, Mapping) or name not in document:
        raise ValueError(f"{path}{name} is missing")
    return document[name]


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{path} is not a number")  # noqa: TRY004 - a document, not an argument
    if not math.isfinite(value):
        raise ValueError(f"{path} is not finite")
    return float(value)


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Empty where it is not there, or null. ValueError where it is no object."""
    found = document.get(name) or {}
    if not isinstance(found, Mapping):
        raise ValueError(f"{name} is no object")  # noqa: TRY004 - a document, not an argument
    return found


def _buckets(found: Mapping[str, Any], kind: str) -> Sequence[Any]:
    buckets = _object(_object(found, "distribution"), kind).get("buckets") or ()
    if not isinstance(buckets, list | tuple):
        raise ValueError(f"buckets of {kind} are no list")  # noqa: TRY004
    return buckets


def _whole(value: Any) -> int:
    return round(_number(value, "a count"))
