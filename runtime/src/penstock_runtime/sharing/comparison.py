"""Shared answers beside the answers to the same requests alone: are they equal, and what is that worth?"""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from penstock_runtime.outputs.encoding import encode_output
from penstock_runtime.outputs.equality import are_equal
from penstock_runtime.outputs.slicing import structure_of
from penstock_runtime.outputs.structures import OutputStructure
from penstock_runtime.sharing.plans import ComparisonFinding, ComparisonResult


@dataclass(frozen=True, slots=True)
class SeparateAnswer:
    """What the model gave one request by itself: an output and its structure (None: it cannot be cut), or an error."""

    rows: int
    output: Any = None
    structure: OutputStructure | None = None
    error: BaseException | None = None


def compare_answers(alone: Sequence[SeparateAnswer], parts: Sequence[Any] | None) -> ComparisonFinding:
    """What it says that `parts` are the callers' rows of one shared answer; None: it could not be cut."""
    answers = [each for each in alone if each.error is None]
    if len(answers) < len(alone):  # what raises is given to its caller; the others' rows came from another predict
        pairs = [(each, part) for each, part in zip(alone, parts or (), strict=False) if each.error is None]
        return compare_answers([each for each, _ in pairs], [part for _, part in pairs] if parts else None)
    for each in answers:
        if each.structure is None:
            return ComparisonFinding(why=_describe_uncut(each), is_unsplittable=True, structures=_structures(answers))
    if not answers:
        return ComparisonFinding()
    if parts is None:
        why = "answers to several requests together are not one row for each row asked"
        return ComparisonFinding(why=why, is_unsplittable=True, structures=_structures(answers))
    for each, part in zip(answers, parts, strict=True):
        if not are_equal(each.output, part):
            return ComparisonFinding(
                ComparisonResult.DIFFERENT, _difference(each, part), structures=_structures(answers)
            )
    rows = sum(each.rows for each in answers)
    hashes = tuple(answer_hash(each.output) for each in answers)
    return ComparisonFinding(ComparisonResult.EQUAL, "", rows, hashes, _structures(answers, rows))


def finding_of_single(alone: SeparateAnswer) -> ComparisonFinding:
    """What one answer shows of the structure of all."""
    if alone.error is not None:
        return ComparisonFinding()
    if alone.structure is None:
        return ComparisonFinding(why=_describe_uncut(alone), is_unsplittable=True)
    return ComparisonFinding(structures=_structures([alone]))


def finding_of_shared_error(alone: Sequence[SeparateAnswer]) -> ComparisonFinding:
    """The shared predict raised, though none alone does."""
    why = "the model raises for several requests together, and for none of them alone"
    return ComparisonFinding(why=why, is_unsplittable=True, structures=_structures(alone))


def sample_jobs(callers: int, wanted: int) -> list[int]:
    """Which callers are asked alone as well."""
    return sorted(random.sample(range(callers), min(callers, wanted)))


def answer_hash(output: Any) -> int:
    """The same number for the same answer, in every process."""
    try:
        body = encode_output(output, strict=False)
    except Exception:  # noqa: BLE001 — objects of a model's own may raise when they are looked at
        body = repr(output).encode()
    return zlib.crc32(body)


def _structures(answers: Sequence[SeparateAnswer], together: int = 0) -> tuple[tuple[str, tuple[str, ...], int], ...]:
    """Each structure once for each number of rows, and that of an equal answer to all `together`."""
    found: dict[tuple[str, tuple[str, ...], int], None] = {}
    for each in answers:
        if each.structure is not None:
            kinds = tuple(sorted(each.structure.kinds))
            found[each.structure.container, kinds, each.rows] = None
            if together:
                found[each.structure.container, kinds, together] = None
    return tuple(found)


def _describe_uncut(alone: SeparateAnswer) -> str:
    return f"answers are not one row for each row asked: {_described(alone.output)} for {_counted(alone.rows)}"


def _difference(alone: SeparateAnswer, part: Any) -> str:
    structure = structure_of(part, alone.rows)
    if structure is not None and alone.structure is not None and structure.container != alone.structure.container:
        return (
            f"beside others an answer is of another kind: {structure.container} instead of {alone.structure.container}"[
                :400
            ]
        )
    return f"{_counted(alone.rows)} had another answer beside others than alone"


def _counted(rows: int) -> str:
    return f"{rows} row" if rows == 1 else f"{rows} rows"


def _described(output: Any) -> str:
    name = type(output).__name__
    if hasattr(output, "shape"):
        return f"{name} of shape {tuple(output.shape)}"
    if isinstance(output, (list, tuple)):
        inner = sorted({type(each).__name__ for each in output})
        return f"{name} of {len(output)} ({', '.join(inner)[:100]})"
    return name
