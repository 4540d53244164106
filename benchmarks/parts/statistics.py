"""(q) Statistics of monitors: agreement with Evidently, false alarms, delay, estimates, cost of profiles.

Evidently 0.7 runs in an environment of its own, with its defaults, on the same windows: they follow from a seed.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import environments
from benchmarks.children import BenchmarkFailed
from benchmarks.options import Options
from benchmarks.progress import report_progress
from benchmarks.quality import agreement, detection, estimation, profiling
from benchmarks.quality.windows import SETTINGS, Setting

PEER = "evidently"
WINDOWS, QUICK_WINDOWS = 1_000, 50
RUNS, QUICK_RUNS = 50, 10
MOST_WINDOWS = 10
SHIFTS = (0.25, 0.5, 1.0)
ROWS, QUICK_ROWS = 1_000_000, 100_000
_PEER_WITHIN_S = 3_600


def run(options: Options) -> dict[str, Any]:
    """Figures of all five."""
    python = environments.build(PEER, options.cache)
    with tempfile.TemporaryDirectory(prefix="penstock-profile-") as folder:
        file = Path(folder) / "rows.parquet"
        profiling.write(file, QUICK_ROWS if options.is_quick else ROWS)
        report_progress("profiling")
        profiles = profiling.measure(file)
    report_progress("agreement")
    agreed = agreement.compare(_peer(python, "agreement")["answer"])
    settings = [_setting(python, setting, options) for setting in SETTINGS]
    return {
        "evidently": environments.installed(python, PEER),
        "profiles": profiles,
        "agreement": agreed,
        "settings": settings,
        "estimates": estimation.covariate_shift(),
    }


def _setting(python: Path, setting: Setting, options: Options) -> dict[str, Any]:
    windows = QUICK_WINDOWS if options.is_quick else WINDOWS
    runs = QUICK_RUNS if options.is_quick else RUNS
    report_progress(f"false alarms, {setting.name}")
    ours = detection.false_alarms(setting, windows)
    theirs = _peer(python, "unchanged", setting.name, str(windows))
    delays = []
    for shift in SHIFTS:
        report_progress(f"delay, {setting.name}, {shift} σ")
        seen = _peer(python, "shifted", setting.name, str(shift), str(runs), str(MOST_WINDOWS))["answer"]
        peer = detection.summed_up([detection.first_alarm(alarms) for alarms in seen])
        delays.append({"shift": shift, **detection.delays(setting, shift, runs, MOST_WINDOWS), PEER: peer})
    return {
        **asdict(setting),
        "windows": windows,
        "runs": runs,
        "false_alarms": ours,
        "evidently": {**_shares(theirs["answer"]), "cpu_s": round(theirs["cpu_s"], 1)},
        "delays": delays,
    }


def _shares(flags: list[list[bool]]) -> dict[str, Any]:
    """Number of columns → share of windows with any column flagged, and with half of them (its "dataset drift")."""
    return {
        str(count): {
            "any": sum(any(window[:count]) for window in flags) / len(flags),
            "half": sum(sum(window[:count]) >= count / 2 for window in flags) / len(flags),
        }
        for count in detection.COUNTS
    }


def _peer(python: Path, *arguments: str) -> dict[str, Any]:
    script = environments.PEERS / "evidently_app.py"
    done = subprocess.run(  # noqa: S603
        [python, script, *arguments], capture_output=True, text=True, check=False, timeout=_PEER_WITHIN_S
    )
    if done.returncode:
        raise BenchmarkFailed(f"evidently {arguments[0]}: {done.stderr.strip()[-400:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
