"""A Prometheus server as the store of metrics: what it scraped of routers and the scheduler, by `query_range`.

Counters are read as their increase over each step, so that a process that was started anew loses nothing; gauges as
their mean, their last or their most. A step without samples has no value: it is a gap, not a zero.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from monitor.domain.metrics.entries import NOT_ROUTED, PRESENT, Entries, Kind, Series, entries_of
from monitor.domain.metrics.fields import BIN, DROPPED, IN_FLIGHT, MILLION, STATUS
from monitor.domain.metrics.latency import bins_of_histogram
from monitor.domain.metrics.series import By, Steps
from shared.contracts.metrics.latency_bins import LATENCY_BOUNDS_S
from shared.errors import Unavailable, describe_error

MOST_POINTS = 11_000
"""Of a series in one answer: Prometheus' own limit."""
SHORTEST_RANGE_S = 60
"""Increases need two samples: shorter steps get their share of a minute's."""
TIMEOUT_S = 30.0

_OF_POD = "service,version,pod"
Point = tuple[int, Mapping[str, str], float]
"""The start of a step, the labels of a series, the value."""


@dataclass(frozen=True)
class Question:
    """An expression (`{match}` and `{range}` are filled in), and the field that its values are."""

    expression: str
    field: str
    label: str = ""
    scale: float = 1
    is_increase: bool = False


def _increase(metric: str, field: str, label: str = "") -> Question:
    by = f"{_OF_POD},{label}" if label else _OF_POD
    return Question(f"sum by ({by}) (increase({metric}{{match}}[{{range}}]))", field, label, is_increase=True)


def _mean(metric: str, field: str, scale: float = 1) -> tuple[Question, Question]:
    inner = f"{metric}{{match}}[{{range}}]"
    return (
        Question(f"max by ({_OF_POD}) (avg_over_time({inner}))", field, scale=scale),
        Question(f"max by ({_OF_POD}) (max_over_time({inner}))", f"most_{field}", scale=scale),
    )


QUESTIONS: Mapping[Kind, tuple[Question, ...]] = {
    "traffic": (
        _increase("penstock_router_requests_total", STATUS, "code"),
        _increase("penstock_router_throttled_total", "throttled"),
        _increase("penstock_router_received_bytes_total", "bytes_in"),
        _increase("penstock_router_sent_bytes_total", "bytes_out"),
        _increase("penstock_router_records_total", DROPPED, "outcome"),
        Question(
            f"sum by ({_OF_POD}) (max_over_time(penstock_router_in_flight{{match}}[{{range}}]))", f"{IN_FLIGHT}all"
        ),
    ),
    "latency": (_increase("penstock_router_request_duration_seconds_bucket", BIN, "le"),),
    "usage": (
        *_mean("penstock_pod_cpu_cores", "cpu", MILLION),
        *_mean("penstock_pod_memory_bytes", "memory"),
        *_mean("penstock_pod_gpu_utilisation_ratio", "gpu", MILLION),
        *_mean("penstock_pod_gpu_memory_bytes", "gpu_memory"),
    ),
    "replicas": (
        Question("max by (service,version,state) (last_over_time(penstock_version_pods{match}[{range}]))", "", "state"),
    ),
}


@dataclass(frozen=True)
class PrometheusStore:
    """Reads from the server at `url`; `client` carries its credentials, if it wants any."""

    client: httpx.AsyncClient
    url: str

    async def read(self, kind: Kind, services: Collection[str], steps: Steps) -> Entries:
        """Entries by the asked steps. Raises `Unavailable`."""
        if not services or not steps.count:
            return entries_of(())
        questions = QUESTIONS[kind]
        found = await asyncio.gather(*(self._ask(question, services, steps) for question in questions))
        rows: dict[tuple[int, Series], dict[str, int]] = {}
        if kind == "latency":
            _add_sketches(rows, found[0])
        else:
            for question, points in zip(questions, found, strict=True):
                for at, labels, value in points:
                    _add(rows.setdefault((at, _owner(labels)), {PRESENT: 1}), question, labels, value)
        return entries_of((at, owner, fields) for (at, owner), fields in rows.items())

    async def read_percentiles(self, services: Collection[str], steps: Steps, by: By) -> Entries:
        """Sketches: the server knows no percentiles. Raises `Unavailable`."""
        return await self.read("latency", services, steps)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def _ask(self, question: Question, services: Collection[str], steps: Steps) -> list[Point]:
        window = max(steps.step_s, SHORTEST_RANGE_S)
        names = "|".join(re.escape(name).replace("\\", "\\\\") for name in sorted(services))
        query = question.expression.replace("{match}", f'{{service=~"{names}"}}').replace("{range}", f"{window}s")
        points: list[Point] = []
        for first in range(0, steps.count, MOST_POINTS):
            last = min(steps.count, first + MOST_POINTS) - 1
            # A value is of the range before its moment: that of a step stands at the step's end.
            start, end = (steps.start + (place + 1) * steps.step_s for place in (first, last))
            points += await self._range(query, start, min(end, max(start, steps.now)), steps.step_s)
        share = steps.step_s / window if question.is_increase else 1
        return [(at, labels, value * share) for at, labels, value in points]

    async def _range(self, query: str, start: int, end: int, step_s: int) -> list[Point]:
        form = {"query": query, "start": str(start), "end": str(end), "step": str(step_s)}
        try:
            answer = await self.client.post(f"{self.url}/api/v1/query_range", data=form, timeout=TIMEOUT_S)
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"the Prometheus server cannot be asked: {describe_error(error)}") from error
        if answer.status_code != 200 or body.get("status") != "success":
            raise Unavailable(f"the Prometheus server refused a question: {body.get('error', answer.status_code)}")
        return list(_points(body["data"]["result"], step_s))


def _points(result: list[dict[str, Any]], step_s: int) -> Iterator[Point]:
    for series in result:
        for at, text in series["values"]:
            if math.isfinite(value := float(text)):
                yield int(at) - step_s, series["metric"], value


def _owner(labels: Mapping[str, str]) -> Series:
    return Series(labels.get("service", ""), labels.get("version", NOT_ROUTED), labels.get("pod", NOT_ROUTED))


def _add(fields: dict[str, int], question: Question, labels: Mapping[str, str], value: float) -> None:
    number, label = round(value * question.scale), labels.get(question.label, "")
    if question.field == DROPPED and label == "logged":
        fields["logged"] = number
        return
    fields[question.field + label] = number
    if question.field == STATUS:
        fields["requests"] = fields.get("requests", 0) + number
    elif not question.label and not question.is_increase and not question.field.startswith(IN_FLIGHT):
        fields.setdefault(f"{question.field.removeprefix('most_')}_samples", 1)


def _add_sketches(rows: dict[tuple[int, Series], dict[str, int]], points: list[Point]) -> None:
    """Cumulative counts of buckets, which become the sketch that they are spread to."""
    upto: dict[tuple[int, Series], dict[float, float]] = {}
    for at, labels, value in points:
        upto.setdefault((at, _owner(labels)), {})[float(labels["le"])] = value
    bounds = (*LATENCY_BOUNDS_S, math.inf)
    for key, counts in upto.items():
        below, histogram = 0, []
        for bound in bounds:
            count = max(below, round(counts.get(bound, below)))
            histogram.append(count - below)
            below = count
        bins = bins_of_histogram(histogram)
        if bins:
            rows[key] = {f"{BIN}{place}": count for place, count in bins.items()}
