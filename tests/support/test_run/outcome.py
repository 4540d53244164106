"""What a run was: read from what its guards and pytests left, put together from its parts, judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from test_run.budgets import over_budget
from test_run.layers import Cost, Layer, Phase, by_layer, slowest
from test_run.leaks import process_lines


@dataclass(frozen=True)
class Part:
    """One pytest of the run."""

    name: str
    code: int
    wall_s: float


@dataclass
class Outcome:
    """A run that has ended."""

    parts: list[Part]
    units: tuple[float, float]
    """CPU seconds of one unit of cost, before and after."""
    is_whole: bool
    """Whether everything ran that has to: only such a run is judged by its cost."""
    cpu_s: float = 0.0
    phases: list[Phase] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    reruns: list[dict[str, str]] = field(default_factory=list)
    collection_cpu_s: list[float] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    @property
    def unit(self) -> float:
        return sum(self.units) / 2

    @property
    def cost(self) -> float:
        """All CPU of the run, in units of the calibration loop."""
        return self.cpu_s / self.unit

    @property
    def wall_s(self) -> float:
        return sum(part.wall_s for part in self.parts)

    @property
    def layers(self) -> dict[str, Layer]:
        return by_layer(self.phases)

    @property
    def excesses(self) -> list[str]:
        return over_budget(self.cost, self.layers, self.unit) if self.is_whole else []

    @property
    def code(self) -> int:
        """0 if all tests passed, nothing was left behind, and the run kept to its budgets; else the first failure."""
        failed = next((part.code for part in self.parts if part.code), 0)
        return failed or int(bool(self.leaks or self.excesses))

    def read(self, records: Path) -> None:
        """Add what lies in the folder of the run."""
        for guard in _records(records, "guard"):
            self.leaks += process_lines(guard["survivors"])
            if guard["label"] in {part.name for part in self.parts}:  # it accounts for those of its workers too
                self.cpu_s += guard["cpu_s"]
        for record in _records(records, "pytest"):
            self.phases += [Phase(**phase) for phase in record["phases"]]
            self.failures += record["failures"]
            self.reruns += record["reruns"]
            self.collection_cpu_s += record["collection_cpu_s"]

    def as_record(self) -> dict[str, Any]:
        """For machines: `.penstock-tests/last-run.json`."""
        layers = {name: _layer_record(layer, self.unit) for name, layer in sorted(self.layers.items())}
        return {
            "code": self.code,
            "is_whole": self.is_whole,
            "cost": round(self.cost, 2),
            "cpu_s": round(self.cpu_s, 2),
            "wall_s": round(self.wall_s, 1),
            "cpu_s_of_one_unit": {"before": self.units[0], "after": self.units[1]},
            "parts": [vars(part) for part in self.parts],
            "collection_cpu_s": self.collection_cpu_s,
            "layers": layers,
            "slowest": [vars(phase) for phase in slowest(self.phases, 30)],
            "failures": self.failures,
            "reruns": self.reruns,
            "leaks": self.leaks,
            "over_budget": self.excesses,
        }


def _records(folder: Path, kind: str) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob(f"{kind}-*.json")):
        yield json.loads(file.read_text())


def _layer_record(layer: Layer, unit: float) -> dict[str, Any]:
    rooms = {name: _room_record(room, unit) for name, room in sorted(layer.rooms.items())}
    return {
        "tests": len(layer.tests),
        "cost": round(layer.cpu_s / unit, 2),
        "cpu_s": round(layer.cpu_s, 2),
        "wall_s": round(layer.wall_s, 1),
        "rooms": rooms,
        "slowest": [vars(phase) for phase in layer.slowest],
    }


def _room_record(room: Cost, unit: float) -> dict[str, Any]:
    return {
        "tests": len(room.tests),
        "cost": round(room.cpu_s / unit, 3),
        "cost_alone": round(room.alone_s / unit, 3),
        "wall_s": round(room.wall_s, 2),
    }
