"""The part's results as Markdown."""

from __future__ import annotations

from typing import Any

from benchmarks.quality.detection import COUNTS, RULES
from benchmarks.report import number, table


def render(result: Any) -> str:
    """Tables, each under a line of what it shows."""
    blocks = [_profiles(result["profiles"]), _agreement(result), *map(_alarms, result["settings"])]
    return "\n\n".join([*blocks, *map(_delays, result["settings"]), _estimates(result["estimates"])])


def _profiles(found: Any) -> str:
    rows = [[name.replace("_", " "), number(value, 2 if "cpu_s" in name else 0)] for name, value in found.items()]
    return table(["profiles", ""], rows)


def _agreement(result: Any) -> str:
    found = result["agreement"]
    rows = [
        [method, number(one["pairs"]), f"{one['largest_difference']:.1e}"] for method, one in found["methods"].items()
    ]
    said = (
        f"Evidently {result['evidently']}, same samples: {found['same_verdicts']} of {found['verdicts']} verdicts and"
        f" {found['same_default']} of {found['pairs']} choices of test are the same."
    )
    return said + "\n\n" + table(["method", "pairs", "largest difference"], rows)


def _alarms(setting: Any) -> str:
    found = setting["false_alarms"]["rules"]
    rows = []
    for rule in RULES:
        for way, title in (("a_window", ""), ("2_of_3", ", 2 of 3 windows")):
            rows.append([f"{rule}{title}", *(_percent(found[rule][str(count)][way]) for count in COUNTS)])
    for way, title in (("any", "any column"), ("half", "half of the columns")):
        rows.append([f"Evidently, {title}", *(_percent(setting["evidently"][str(count)][way]) for count in COUNTS)])
    said = (
        f"Windows with a false alarm, of {setting['windows']:,} without drift: {setting['rows']:,} rows beside a"
        f" baseline of {setting['baseline_rows']:,} (CPU: ours {setting['false_alarms']['cpu_s']} s, Evidently"
        f" {setting['evidently']['cpu_s']} s)."
    )
    return said + "\n\n" + table(["columns", *map(str, COUNTS)], rows)


def _delays(setting: Any) -> str:
    delays = setting["delays"]
    names = [name for name in delays[0] if name != "shift"]
    rows = [[name, *(_delay(one[name]) for one in delays)] for name in names]
    said = (
        f"Windows until a column that has moved alarms (median, and the share of {setting['runs']} runs that alarm"
        f" within ten): {setting['rows']:,} rows beside {setting['baseline_rows']:,}, 20 columns judged."
    )
    return said + "\n\n" + table(["shift", *(f"{one['shift']:g} σ" for one in delays)], rows)


def _delay(found: Any) -> str:
    return f"{number(found['median'])} ({_percent(found['found'])})"


def _estimates(rows: Any) -> str:
    figures = [name for name in rows[0] if name != "name"]
    lines = [
        [one["name"], *(f"{one[name]['estimated']:.3f} / {one[name]['realised']:.3f}" for name in figures)]
        for one in rows
    ]
    return "CBPE: estimated / realised.\n\n" + table(["inputs", *figures], lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
