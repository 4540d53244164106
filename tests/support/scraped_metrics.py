"""What is scraped: whether its names are well-formed, and which metrics rules and dashboards ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = ("milliseconds", "minutes", "hours", "kilobytes", "megabytes", "mb", "kb", "percent")
_NAME = re.compile(r"\b(?:penstock|process)_[a-z0-9_]+|\bpenstock:[a-z0-9_:]+|\bup\b")
_SUFFIXES = ("_bucket", "_sum", "_count", "_total", "_created", "")


def problems_of(text: str) -> list[str]:
    """What is not well-formed in an exposition; raises `ValueError` where it cannot be read at all."""
    found = []
    for family in text_string_to_metric_families(text):
        if not family.name.startswith("penstock_"):
            continue
        if not family.documentation:
            found.append(f"{family.name} has no help text")
        if family.type == "gauge" and family.name.endswith(("_total", "_count", "_sum", "_bucket")):
            found.append(f"{family.name} is a gauge")
        if family.type in {"unknown", "untyped"}:
            found.append(f"{family.name} has no type")
        if family.type == "counter" and any(
            not sample.name.endswith(("_total", "_created")) for sample in family.samples
        ):
            found.append(f"{family.name} is a counter without _total")
        if family.name.removesuffix("_total").endswith(UNITS):
            found.append(f"{family.name} is not in a base unit")
    return found


def names_of(text: str) -> set[str]:
    """Names that a query may have; those of counters as their help lines say them."""
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    families = {(name, kind) for name, kind in re.findall(r"^# TYPE (\S+) (\S+)", text, re.MULTILINE)}
    return names | {name + suffix for name, kind in families if kind == "histogram" for suffix in _SUFFIXES}


def asked_for() -> set[str]:
    """Every metric that an alert rule or a panel asks for."""
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    recorded = {rule["record"] for group in rules["groups"] for rule in group["rules"] if "record" in rule}
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    expressions += _values(json.loads((DEPLOY / "grafana" / "penstock.json").read_text()), {"expr", "query"})
    return {name for text in expressions for name in _NAME.findall(text)} - recorded - {"up"}


def _values(node: Any, keys: set[str]) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in keys and isinstance(value, str):
                yield value
            yield from _values(value, keys)
    elif isinstance(node, list):
        for each in node:
            yield from _values(each, keys)
