"""How fast this machine computes right now: CPU seconds of a fixed amount of work like that of the tests.

The same tests take 1.8 times the CPU seconds when the machine's neighbours are busy: CPU seconds divided by those of
this loop, run before and after, are a cost that two runs on two machines share.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

SLICES = 15
"""Loops of which the median counts: about 2 s."""

UNIT_SLICES = 10
"""Loops that make one unit of cost: about one second of CPU on the machine that the budgets were measured on."""


def calibrate() -> float:
    """CPU seconds of one unit of cost, measured on two processors at once, as the tests use them."""
    at_once = min(2, os.cpu_count() or 1)
    with ProcessPoolExecutor(at_once, mp_context=get_context("spawn")) as pool:
        measured = [slice_s for each in pool.map(_slices, [SLICES] * at_once) for slice_s in each]
    return statistics.median(measured) * UNIT_SLICES


def _slices(count: int) -> list[float]:
    _loop()  # the first one fills caches
    return [_measured() for _ in range(count)]


def _measured() -> float:
    began = time.process_time()
    _loop()
    return time.process_time() - began


def _loop() -> None:
    """Python objects, JSON, compression and SQL, as the tests mix them."""
    rows: list[dict[str, Any]] = [
        {"id": number, "name": f"service-{number % 97}", "values": [number * 0.5] * 8} for number in range(16_000)
    ]
    text = json.dumps(rows)
    assert json.loads(zlib.decompress(zlib.compress(text.encode(), 6))) == rows
    counted: dict[str, float] = {}
    for row in rows:
        counted[str(row["name"])] = counted.get(str(row["name"]), 0.0) + sum(row["values"])
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE counts (id INTEGER PRIMARY KEY, name TEXT, value REAL)")
    database.executemany("INSERT INTO counts (name, value) VALUES (?, ?)", [*counted.items()] * 60)
    assert len(database.execute("SELECT name, sum(value) FROM counts GROUP BY name ORDER BY name").fetchall()) == 97
    database.close()
