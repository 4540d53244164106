"""Entries in blocks and out of them, rolled up and spread."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from monitor.domain.metrics.blocks import pack, unpack
from monitor.domain.metrics.entries import NOTHING, Entries, Series, entries_of, joined, rolled, spread

P1, P2 = Series("wine", "v1", "p1"), Series("wine", "v1", "p2")


def as_rows(entries: Entries) -> Counter[tuple[int, str, str]]:
    """Values by moment, pod and field."""
    found: Counter[tuple[int, str, str]] = Counter()
    for at, owner, field, value in zip(entries.at, entries.owner, entries.field, entries.values, strict=True):
        found[int(at), entries.series[owner].pod, entries.fields[field]] += int(value)
    return found


def drawn(count: int, seed: int) -> Entries:
    chance = random.Random(seed)
    return entries_of(
        (
            6000 + 10 * chance.randrange(300),
            chance.choice((P1, P2)),
            {"requests": chance.randrange(10), "bytes_in": chance.randrange(2**40), f"b{chance.randrange(400)}": 1},
        )
        for _ in range(count)
    )


def test_a_block_gives_back_what_was_packed() -> None:
    entries = rolled(drawn(2000, 1), 60)
    again = unpack(pack(entries, 6000, 60), "wine", 6000, 60)
    assert (again.series, again.fields) == (entries.series, entries.fields)
    for name in ("at", "owner", "field", "values"):
        assert np.array_equal(getattr(again, name), getattr(entries, name))
    assert len(unpack(pack(NOTHING, 0, 60), "wine", 0, 60)) == 0


@pytest.mark.parametrize("value", [0, 1, -1, 255, 256, -(2**40), 2**62, -(2**62)])
def test_numbers_of_any_size_are_kept(value: int) -> None:
    entries = entries_of([(60, P1, {"requests": value}), (120, P1, {"requests": 7})])
    assert unpack(pack(entries, 0, 60), "wine", 0, 60).values.tolist() == [value, 7]


def test_a_block_of_another_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.domain.metrics.blocks.FORMAT", 2)
    block = pack(entries_of([(0, P1, {"requests": 1})]), 0, 60)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="format 2; this release reads 1"):
        unpack(block, "wine", 0, 60)


def test_rolling_up_in_steps_is_rolling_up_at_once() -> None:
    parts = [drawn(500, seed) for seed in range(3)]
    at_once = rolled(joined(parts), 300)
    in_steps = rolled(joined([rolled(part, 60) for part in reversed(parts)]), 300)
    assert as_rows(at_once) == as_rows(in_steps)
    assert sum(as_rows(at_once).values()) == sum(sum(as_rows(part).values()) for part in parts)


def test_fields_add_up_or_keep_the_most_or_the_last() -> None:
    def row(at: int, **fields: int) -> tuple[int, Series, dict[str, Any]]:
        return at, P1, fields

    rows = [row(0, requests=1, most_cpu=5, ready=3), row(60, requests=2, most_cpu=4, ready=1)]
    in_flight = [(0, P1, {"in_flight@r": 5}), (0, P1, {"in_flight@r": 3})]
    assert as_rows(rolled(entries_of(rows + in_flight), 300)) == {
        (0, "p1", "requests"): 3, (0, "p1", "most_cpu"): 5, (0, "p1", "ready"): 1, (0, "p1", "in_flight@r"): 5
    }  # fmt: skip


def test_long_steps_are_spread_without_loss() -> None:
    fields = {"requests": 13, "ready": 2, "most_cpu": 9}
    found = as_rows(spread(entries_of([(300, P1, fields)]), 300, 60))
    moments = range(300, 600, 60)
    assert [found[at, "p1", "requests"] for at in moments] == [2, 3, 2, 3, 3]
    assert {(found[at, "p1", "ready"], found[at, "p1", "most_cpu"]) for at in moments} == {(2, 9)}
