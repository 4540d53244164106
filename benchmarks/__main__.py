"""`python -m benchmarks`: measure, print, write. Ends everything that it started, however it ends."""

from __future__ import annotations

import signal
import sys
import time
import traceback
from dataclasses import asdict
from typing import Any, NoReturn

from benchmarks import machine, plot, report
from benchmarks.children import BenchmarkFailed, LeftOut, adopt_orphans, end_all_children
from benchmarks.options import Options, parse
from benchmarks.parts import PARTS
from benchmarks.progress import report_progress


def main() -> int:
    """0 where every part was measured that can be here."""
    options = parse()
    _prepare(options)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    adopt_orphans()
    failed: list[str] = []
    try:
        for letter in options.only:
            try:
                _record(options, letter, _measure(options, letter))
            except LeftOut as reason:
                report_progress(f"{letter} is left out: {reason}")
            except BenchmarkFailed as reason:
                failed.append(letter)
                report_progress(f"{letter} failed: {reason}")
            except Exception:  # noqa: BLE001 - a mistake in one part must not cost the others' results
                failed.append(letter)
                traceback.print_exc()
    except KeyboardInterrupt:
        report_progress("interrupted; ending what was started")
        return 130
    finally:
        end_all_children()
    report_progress(f"results: {options.out}")
    return 1 if failed else 0


def _prepare(options: Options) -> None:
    options.cache.mkdir(parents=True, exist_ok=True)
    (options.cache / ".gitignore").write_text("*\n")


def _measure(options: Options, letter: str) -> dict[str, Any]:
    started = time.monotonic()
    load_before = machine.load_average()
    result = PARTS[letter](options)
    kept = ("rounds", "seconds", "warm_up", "connections", "hop_connections", "services", "keys", "is_quick")
    return {
        "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "took_s": round(time.monotonic() - started),
        "load_average_before": load_before,
        "settings": {name: value for name, value in asdict(options).items() if name in kept},
        "machine": machine.describe_machine(),
        "result": result,
    }


def _record(options: Options, letter: str, part: dict[str, Any]) -> None:
    """Into the results of earlier runs, then onto paper; what is measured is not lost when a later part fails."""
    path = options.out / "results.json"
    results = report.load(path)
    results["parts"][letter] = part
    results["machine"] = part["machine"]
    report.save(results, path)
    (options.out / "results.md").write_text(report.markdown(results))
    plot.draw(results, options.out / "results.svg")
    plot.draw_autoscaling(results, options.out / "autoscaling.svg")
    print(report.markdown({"machine": part["machine"], "parts": {letter: part}}), flush=True)


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
