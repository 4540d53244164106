"""How a batch is predicted, and what was found out about sharing on the way; both travel to workers and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from penstock_runtime.messages import Outcome
from penstock_runtime.outputs.structures import References


class How(StrEnum):
    """`APART`: each caller alone. `PROOF`: each caller alone, and all together once more. `SHARED`: all together."""

    APART = "apart"
    PROOF = "proof"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Plan:
    """One batch."""

    how: How
    references: References | None = None
    """Structures that a shared answer may have; None: the first caller is predicted alone, to see one."""
    reasked: int = 0
    """Callers of a shared predict that are asked alone as well, to compare."""

    def packed(self) -> dict[str, Any]:
        """For another process."""
        references = None if self.references is None else self.references.packed()
        return {"how": self.how.value, "references": references, "reasked": self.reasked}

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> Plan:
        """What `packed` gave."""
        references = None if packed["references"] is None else References.unpacked(packed["references"])
        return cls(How(packed["how"]), references, packed["reasked"])


APART = Plan(How.APART)


class Result(StrEnum):
    """Of comparing a shared answer with those of the same requests alone."""

    EQUAL = "equal"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one batch has shown; no `result` where nothing could be compared.

    `answers` are hashes of the callers' answers, `structures` those of answers to callers alone, with their rows.
    """

    result: Result | None = None
    why: str = ""
    rows: int = 0
    answers: tuple[int, ...] = ()
    structures: tuple[tuple[str, tuple[str, ...], int], ...] = ()
    is_strange: bool = False
    """Whether an answer cannot be cut, or a shared one had a structure that no answer alone had."""

    @property
    def is_answered_apart(self) -> bool:
        """Whether it had every caller answered alone."""
        return self.is_strange or self.result is Result.DIFFERENT

    def joined(self, other: Finding) -> Finding:
        """What both have shown; `other` was compared."""
        return replace(other, structures=(*self.structures, *other.structures))

    def packed(self) -> dict[str, Any]:
        """For another process."""
        return {
            "result": self.result and self.result.value,
            "why": self.why,
            "rows": self.rows,
            "answers": self.answers,
            "structures": self.structures,
            "is_strange": self.is_strange,
        }

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> Finding:
        """What `packed` gave."""
        structures = tuple((name, tuple(kinds), rows) for name, kinds, rows in packed["structures"])
        result = Result(packed["result"]) if packed["result"] else None
        facts = (packed["why"], packed["rows"], tuple(packed["answers"]), structures, packed["is_strange"])
        return cls(result, *facts)


@dataclass(frozen=True, slots=True)
class Report:
    """A batch that was predicted. `seconds` is one predict's time; `reasking_s` was spent on comparing, beside that."""

    outcomes: Sequence[Outcome]
    seconds: float
    reasking_s: float = 0.0
    finding: Finding = field(default_factory=Finding)
