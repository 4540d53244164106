"""Which layer and room a test belongs to, and what each costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SLOWEST = 10

END_OF_PROCESS = "end"
"""Instead of `teardown`, of the last test of a process: all servers come down that its tests have shared."""

SHARED_SERVERS = "shared servers"
"""The layer that pays for the ends of processes: whichever test is the last has no part in it."""


@dataclass(frozen=True)
class Phase:
    """One set-up, call or tear-down of one test, as its process measured it."""

    test: str
    when: str
    cpu_s: float
    """Of the test's process and of all below it."""
    wall_s: float
    alone_s: float = 0.0
    """Of the test's process and of what it has started and waited for: nothing of servers that idle beside it."""


@dataclass
class Cost:
    """What a set of phases took."""

    tests: set[str] = field(default_factory=set)
    cpu_s: float = 0.0
    wall_s: float = 0.0
    alone_s: float = 0.0

    def add(self, phase: Phase) -> None:
        self.tests.add(phase.test)
        self.cpu_s += phase.cpu_s
        self.wall_s += phase.wall_s
        self.alone_s += phase.alone_s


@dataclass
class Layer(Cost):
    """A folder of `tests/`, and its rooms."""

    rooms: dict[str, Cost] = field(default_factory=dict)
    slowest: list[Phase] = field(default_factory=list)


def layer_and_room(test: str) -> tuple[str, str]:
    """`tests/unit/router/spool/test_x.py::y` → (`unit`, `router/spool`); a layer without rooms is its own only room."""
    folders = test.partition("::")[0].split("/")[:-1]
    below = folders[folders.index("tests") + 1 :] if "tests" in folders else folders
    layer = below[0] if below else "other"
    return layer, "/".join(below[1:]) or layer


def by_layer(phases: Iterable[Phase]) -> dict[str, Layer]:
    """Sums of each layer, and its slowest phases by CPU and by wall time."""
    layers: dict[str, Layer] = {}
    members: dict[str, list[Phase]] = {}
    for phase in phases:
        name, room = layer_and_room(phase.test) if phase.when != END_OF_PROCESS else (SHARED_SERVERS, SHARED_SERVERS)
        layer = layers.setdefault(name, Layer())
        layer.add(phase)
        layer.rooms.setdefault(room, Cost()).add(phase)
        members.setdefault(name, []).append(phase)
    for name, layer in layers.items():
        layer.slowest = slowest(members[name])
    return layers


def slowest(phases: Iterable[Phase], count: int = SLOWEST) -> list[Phase]:
    """Those that took longest: by CPU, and among those that compute nothing by the clock."""
    return sorted(phases, key=lambda phase: (phase.cpu_s, phase.wall_s), reverse=True)[:count]
