"""Baselines and windows by seed, the same in every process. NumPy alone: the peer's environment has nothing of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Columns = dict[str, npt.NDArray[np.float64]]

SEED = 20_261
COLUMNS = 100
PER_BASELINE = 50
"""Windows that have one baseline; then another is drawn, so that no figure hangs on one."""


@dataclass(frozen=True)
class Setting:
    """Rows of the baseline and of each window."""

    name: str
    baseline_rows: int
    rows: int


SETTINGS = (Setting("large", 5_000, 1_000), Setting("small", 1_000, 500))
"""Evidently chooses distances above 1,000 rows of reference, tests below."""


def draw(rng: np.random.Generator, rows: int, columns: int = COLUMNS, shift: float = 0.0) -> Columns:
    """Columns of four kinds in turn: normal, exponential, t with 3 degrees of freedom, 5 categories (as numbers).

    `shift`: of the first column, in its standard deviations.
    """
    made: Columns = {}
    for place in range(columns):
        if place % 4 == 0:
            values = rng.normal(shift if place == 0 else 0.0, 1.0, rows)
        elif place % 4 == 1:
            values = rng.exponential(1.0, rows)
        elif place % 4 == 2:
            values = rng.standard_t(3, rows)
        else:
            values = rng.choice(5, rows, p=[0.4, 0.3, 0.15, 0.1, 0.05]).astype(float)
        made[f"c{place}"] = values
    return made


def unchanged(setting: Setting, windows: int, columns: int = COLUMNS) -> Iterator[tuple[Columns, list[Columns]]]:
    """Baselines, each with its windows; nothing has moved."""
    rng = np.random.default_rng([SEED, setting.baseline_rows])
    for start in range(0, windows, PER_BASELINE):
        count = min(PER_BASELINE, windows - start)
        baseline = draw(rng, setting.baseline_rows, columns)
        yield baseline, [draw(rng, setting.rows, columns) for _ in range(count)]


def shifted(
    setting: Setting, shift: float, runs: int, windows: int, columns: int = 20
) -> Iterator[tuple[Columns, list[Columns]]]:
    """Runs, each a baseline and windows whose first column has moved; the others have not."""
    rng = np.random.default_rng([SEED, setting.baseline_rows, round(100 * shift)])
    for _ in range(runs):
        baseline = draw(rng, setting.baseline_rows, columns)
        yield baseline, [draw(rng, setting.rows, columns, shift) for _ in range(windows)]


def pairs() -> dict[str, tuple[npt.NDArray[np.generic], npt.NDArray[np.generic], str]]:
    """Samples on which figures are compared: name → reference, current, `num` or `cat`."""
    rng = np.random.default_rng([SEED, 1])
    found: dict[str, tuple[npt.NDArray[np.generic], npt.NDArray[np.generic], str]] = {}
    for rows, others in ((800, 300), (5_000, 2_000)):
        for shift in (0.0, 0.5, 3.0):
            found[f"normal {rows} {shift}"] = (rng.normal(0, 1, rows), rng.normal(shift, 1.3, others), "num")
        found[f"lognormal {rows}"] = (rng.lognormal(0, 1, rows), rng.lognormal(0.3, 1.1, others), "num")
        found[f"few numbers {rows}"] = (rng.integers(1, 5, rows), rng.integers(2, 5, others), "num")
        found[f"twelve numbers {rows}"] = (rng.integers(1, 13, rows), rng.integers(3, 14, others), "num")
        names = np.array(["a", "b", "c", "d", "e", "f"])
        found[f"texts {rows}"] = (rng.choice(names[:5], rows), rng.choice(names[:4], others), "cat")
        found[f"new text {rows}"] = (rng.choice(names[:3], rows), rng.choice(names[:4], others), "cat")
        found[f"two texts {rows}"] = (rng.choice(names[:2], rows), rng.choice(names[:2], others, p=[0.6, 0.4]), "cat")
        found[f"constant {rows}"] = (np.full(rows, 2.0), np.full(others, 2.0), "num")
    return found
