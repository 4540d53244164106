"""What can be seen of an answer besides its values, and which answers to single requests had it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_KINDS = 64
"""Kinds of elements that are told apart in one list; a list with more is not cut."""


@dataclass(frozen=True, slots=True)
class OutputStructure:
    """`container` must be the same in every answer; `kinds`, of a list's elements, may differ from row to row."""

    container: str
    kinds: frozenset[str] = frozenset()


@dataclass(slots=True)
class StructureReferences:
    """Structures of answers to single requests, and how many rows those had."""

    counts: dict[str, set[int]] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)

    def add(self, structure: OutputStructure, rows: int) -> None:
        """An answer that its caller gets as it is has this structure."""
        counts = self.counts.setdefault(structure.container, set())
        if len(counts) < 2:
            counts.add(rows)
        if len(self.kinds) < MAX_KINDS:
            self.kinds |= structure.kinds

    def allows(self, structure: OutputStructure, rows: int) -> bool:
        """Whether an answer to `rows` rows is cut: its length shows that it has rows only where others had another."""
        counts = self.counts.get(structure.container, set())
        return bool(counts - {rows}) and structure.kinds <= self.kinds

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, for another process."""
        return {"counts": {name: sorted(counts) for name, counts in self.counts.items()}, "kinds": sorted(self.kinds)}

    @classmethod
    def from_dict(cls, packed: Mapping[str, Any]) -> StructureReferences:
        """The inverse of `to_dict`."""
        return cls({name: set(counts) for name, counts in packed["counts"].items()}, set(packed["kinds"]))
