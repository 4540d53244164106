"""How much was compared of one kind of request, and when it is enough to let callers share a predict.

Each compared row of a shared answer was equal to the answer to its request alone. That says little where all answers
are the same few labels: a model that centres its rows may give most of them the label that they have alone. With a
share q of rows that come out otherwise beside others, n compared rows miss it with probability (1 - q)^n.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

RICH_ROWS, RICH_ANSWERS = 16, 8
"""Rows to compare where answers differ from row to row, as numbers do; what depends on others shows in nearly each."""
COARSE_ROWS, COARSE_ANSWERS = 256, 2
"""Rows to compare where few answers came, as with labels: 5 % of rows that depend are missed once in 500,000."""
PREDICTS = 2
"""Shared predicts to compare at least."""


@dataclass(slots=True)
class Evidence:
    """What was compared and equal. One and the same answer to everything is no evidence, however often it came."""

    rows: int = 0
    predicts: int = 0
    answers: set[int] = field(default_factory=set)

    def add(self, rows: int, answers: Iterable[int]) -> None:
        """One shared predict whose `rows` rows were equal to those alone; `answers` are hashes of the callers'."""
        self.rows += rows
        self.predicts += 1
        if len(self.answers) < RICH_ANSWERS:
            self.answers.update(answers)

    @property
    def is_enough(self) -> bool:
        """Whether callers may share from now on."""
        if self.predicts < PREDICTS:
            return False
        is_rich = self.rows >= RICH_ROWS and len(self.answers) >= RICH_ANSWERS
        return is_rich or (self.rows >= COARSE_ROWS and len(self.answers) >= COARSE_ANSWERS)
