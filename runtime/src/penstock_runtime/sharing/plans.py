"""How a batch is predicted, and what was found out about sharing on the way; both travel to workers and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from penstock_runtime.messages import EncodedResponse
from penstock_runtime.outputs.structures import StructureReferences


class PredictMode(StrEnum):
    """`SEPARATE`: each caller alone. `PROOF`: each caller alone, and all together once more. `SHARED`: all together."""

    SEPARATE = "separate"
    PROOF = "proof"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """One batch."""

    mode: PredictMode
    references: StructureReferences | None = None
    """Structures that a shared answer may have; None: the first caller is predicted alone, to see one."""
    rechecks: int = 0
    """Callers of a shared predict that are asked alone as well, to compare."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, for another process."""
        references = None if self.references is None else self.references.to_dict()
        return {"mode": self.mode.value, "references": references, "rechecks": self.rechecks}

    @classmethod
    def from_dict(cls, packed: dict[str, Any]) -> BatchPlan:
        """The inverse of `to_dict`."""
        references = None if packed["references"] is None else StructureReferences.from_dict(packed["references"])
        return cls(PredictMode(packed["mode"]), references, packed["rechecks"])


SEPARATE = BatchPlan(PredictMode.SEPARATE)


class ComparisonResult(StrEnum):
    """Of comparing a shared answer with those of the same requests alone."""

    EQUAL = "equal"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class ComparisonFinding:
    """What one batch has shown; no `result` where nothing could be compared.

    `answers` are hashes of the callers' answers, `structures` those of answers to callers alone, with their rows.
    """

    result: ComparisonResult | None = None
    why: str = ""
    rows: int = 0
    answers: tuple[int, ...] = ()
    structures: tuple[tuple[str, tuple[str, ...], int], ...] = ()
    is_unsplittable: bool = False
    """Whether an answer cannot be cut, or a shared one had a structure that no answer alone had."""

    @property
    def is_answered_separately(self) -> bool:
        """Whether it had every caller answered alone."""
        return self.is_unsplittable or self.result is ComparisonResult.DIFFERENT

    def merged_with(self, other: ComparisonFinding) -> ComparisonFinding:
        """What both have shown; `other` was compared."""
        return replace(other, structures=(*self.structures, *other.structures))

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, for another process."""
        return {
            "result": self.result and self.result.value,
            "why": self.why,
            "rows": self.rows,
            "answers": self.answers,
            "structures": self.structures,
            "is_unsplittable": self.is_unsplittable,
        }

    @classmethod
    def from_dict(cls, packed: dict[str, Any]) -> ComparisonFinding:
        """The inverse of `to_dict`."""
        structures = tuple((name, tuple(kinds), rows) for name, kinds, rows in packed["structures"])
        result = ComparisonResult(packed["result"]) if packed["result"] else None
        facts = (packed["why"], packed["rows"], tuple(packed["answers"]), structures, packed["is_unsplittable"])
        return cls(result, *facts)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """A batch that was predicted. `seconds` is one predict's time; `recheck_s` was spent on comparing, beside that."""

    responses: Sequence[EncodedResponse]
    seconds: float
    recheck_s: float = 0.0
    finding: ComparisonFinding = field(default_factory=ComparisonFinding)
