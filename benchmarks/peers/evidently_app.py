"""Evidently on the same samples: figures of its tests, and whether its defaults flag columns. Prints JSON.

python evidently_app.py agreement | unchanged SETTING WINDOWS | shifted SETTING SHIFT RUNS WINDOWS
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "quality"))

import pandas as pd
import windows as made
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType

_METHODS = {"num": ("psi", "jensenshannon", "wasserstein", "ks"), "cat": ("psi", "jensenshannon", "chisquare", "z")}


def _figure(reference: pd.Series, current: pd.Series, kind: str, method: str | None) -> tuple[str, float, bool]:
    test = get_stattest(reference, current, kind, method)
    found = test(reference, current, ColumnType(kind), None)
    return test.name, float(found.drift_score), bool(found.drifted)


def agreement() -> dict[str, Any]:
    """Name of the pair → method → score and verdict; `default` is what Evidently chooses."""
    found: dict[str, Any] = {}
    for name, (reference, current, kind) in made.pairs().items():
        one, other = pd.Series(reference), pd.Series(current)
        methods = [method for method in _METHODS[kind] if method != "z" or one.nunique() <= 2]
        found[name] = {method: _figure(one, other, kind, method)[1:] for method in methods}
        found[name]["default"] = _figure(one, other, kind, None)
    return found


def _flags(baseline: made.Columns, window: made.Columns) -> list[bool]:
    return [_figure(pd.Series(values), pd.Series(window[name]), "num", None)[2] for name, values in baseline.items()]


def _setting(name: str) -> made.Setting:
    return next(one for one in made.SETTINGS if one.name == name)


def unchanged(setting: str, windows: str) -> list[list[bool]]:
    """Per window, which columns Evidently's defaults flag."""
    runs = made.unchanged(_setting(setting), int(windows))
    return [_flags(baseline, window) for baseline, group in runs for window in group]


def shifted(setting: str, shift: str, runs: str, windows: str) -> list[list[bool]]:
    """Per run, in which windows the column that has moved is flagged."""
    found = made.shifted(_setting(setting), float(shift), int(runs), int(windows))
    return [[_flags({"c0": baseline["c0"]}, window)[0] for window in group] for baseline, group in found]


def main() -> None:
    """One answer a call."""
    warnings.simplefilter("ignore")
    started = time.process_time()
    answer = globals()[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({"answer": answer, "cpu_s": time.process_time() - started}))


if __name__ == "__main__":
    main()
