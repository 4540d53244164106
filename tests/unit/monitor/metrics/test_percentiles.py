"""Known percentiles are those of merged sketches, read one sketch at a time."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest

from monitor.domain.metrics.blocks import pack, unpack
from monitor.domain.metrics.charts import CHARTS
from monitor.domain.metrics.entries import NOTHING, Entries, Series, entries_of, joined, rolled
from monitor.domain.metrics.latency import quantile
from monitor.domain.metrics.percentiles import LEVELS, percentiles_of
from monitor.domain.metrics.series import SHARES, By, Merged, Steps, dense, group_of
from shared.contracts.metrics.latency_bins import LATENCY_EDGES_S, bin_of

HOUR = 3600
NOT_ROUTED = Series("wine", "", "")
OWNERS = (NOT_ROUTED, *(Series("wine", version, pod) for version in ("v1", "v2") for pod in ("p", "q")))
Rows = list[tuple[int, Series, dict[str, int]]]
Sketches = dict[tuple[int, Series], Counter[int]]


def drawn(seed: int, hours: int = 2) -> Rows:
    """Sketches by the minute, with gaps, from one request to thousands, now and then in the outermost bins."""
    chance = random.Random(seed)
    rows: Rows = []
    for minute in range(HOUR, HOUR + hours * 3600, 60):
        for owner in OWNERS:
            if chance.random() < 0.4:
                continue
            requests = chance.choice((1, 2, 99, 100, 101))
            bins = Counter(bin_of(chance.lognormvariate(-4, chance.choice((0.1, 1, 3)))) for _ in range(requests))
            bins[chance.choice((0, len(LATENCY_EDGES_S)))] += chance.choice((0, 0, 1, 5000))
            rows.append((minute, owner, {f"b{place}": count for place, count in bins.items() if count}))
    return rows


def one_at_a_time(rows: Rows, by: By, step_s: int) -> Sketches:
    """The merged sketch of each step and series, as a dictionary."""
    found: Sketches = defaultdict(Counter)
    for at, owner, fields in rows:
        sketch = found[at // step_s * step_s, group_of(owner, by)]
        sketch.update({int(name.removeprefix("b")): count for name, count in fields.items()})
    return found


def values(entries: Entries, by: By, steps: Steps, name: str) -> dict[tuple[int, Series], float]:
    merged = Merged(by, steps, entries)
    table = CHARTS[f"latency_{name}"].read(merged)
    return {
        (steps.start + place * steps.step_s, group): value
        for group, line in zip(merged.groups, table, strict=True)
        for place, value in enumerate(dense(line))
        if value is not None
    }


@pytest.mark.parametrize(("seed", "by", "step_s"), [(at, by, (300, HOUR)[at % 2]) for at, by in enumerate(LEVELS * 2)])
def test_known_percentiles_are_those_of_the_merged_sketches_to_the_last_digit(seed: int, by: By, step_s: int) -> None:
    rows = drawn(seed)
    steps = Steps(HOUR, step_s, 2 * 3600 // step_s, 10 * HOUR)
    known = percentiles_of(rolled(entries_of(rows), step_s), by, step_s)
    packed = unpack(pack(known, 0, step_s), "wine", 0, step_s)
    plain = one_at_a_time(rows, by, step_s)
    for name, share in SHARES.items():
        expected = {key: round(quantile(sketch, share) or 0, 6) for key, sketch in plain.items()}
        assert values(known, by, steps, name) == values(packed, by, steps, name) == expected
        assert values(entries_of(rows), by, steps, name) == expected


def test_steps_that_are_known_and_steps_of_sketches_stand_side_by_side() -> None:
    rows = drawn(7)
    steps = Steps(HOUR, 300, 24, 10 * HOUR)
    early, late = ([row for row in rows if (row[0] < 2 * HOUR) is is_early] for is_early in (True, False))
    for by in LEVELS:
        mixed = joined((percentiles_of(entries_of(early), by, 300), entries_of(late)))
        for name in SHARES:
            assert values(mixed, by, steps, name) == values(entries_of(rows), by, steps, name)


def test_without_sketches_there_are_no_percentiles() -> None:
    assert percentiles_of(NOTHING, "pod", 300) is NOTHING
