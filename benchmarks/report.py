"""Results as a file of JSON that parts are merged into, and as Markdown that is read on paper and on a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import aims

Results = dict[str, Any]
Rows = list[list[str]]


def load(path: Path) -> Results:
    """Earlier results; none where there are none."""
    try:
        found: Results = json.loads(path.read_text())
    except (OSError, ValueError):
        found = {"parts": {}}
    return found


def save(results: Results, path: Path) -> None:
    """Write them, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(results, indent=1) + "\n")
    partial.replace(path)


def markdown(results: Results) -> str:
    """Every part that was measured, under a heading of its own."""
    machine = results.get("machine", {})
    where = f"{machine.get('processor')}, {machine.get('cores')} cores, Python {machine.get('python')}"
    lines = ["# Results", "", f"{where}. Medians; how they are made: [benchmarks](../benchmarks.md).", ""]
    for letter, (title, render) in _PARTS.items():
        if letter in results["parts"]:
            part = results["parts"][letter]
            settings = part["settings"]
            how = f"{part['at']}, {settings['rounds']} rounds of {settings['seconds']} s."
            lines += [
                f"## ({letter}) {title}",
                "",
                how,
                "",
                render(part["result"]),
                "",
                *aims.lines(letter, part["result"]),
                "",
            ]
    return "\n".join(lines)


def table(head: Sequence[str], rows: Rows) -> str:
    """A Markdown table whose columns line up on a terminal too; numbers to the right."""
    widths = [max(len(line[at]) for line in [list(head), *rows]) for at in range(len(head))]
    rule = "|".join([":" + "-" * (widths[0] + 1), *("-" * (width + 1) + ":" for width in widths[1:])])
    return "\n".join([_line(head, widths), f"|{rule}|", *(_line(row, widths) for row in rows)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = f" {cells[0]:<{widths[0]}} "
    rest = (f" {cell:>{width}} " for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "|" + "|".join([first, *rest]) + "|"


def number(value: Any, digits: int = 0, unit: str = "") -> str:
    """`12,345`, `1.25 ms`; a dash for what was not measured."""
    return "–" if not isinstance(value, int | float) else f"{value:,.{digits}f}{unit}"


def times(value: Any) -> str:
    """`12.3 ×`."""
    return number(
        value, 0 if isinstance(value, int | float) and value >= 100 else 1 if value and value >= 10 else 2, " ×"
    )


def _end_to_end(result: Any) -> str:
    blocks: list[str] = []
    for model, targets in result["models"].items():
        counts = sorted({int(n) for target in targets.values() for n in target["connections"]})
        rows = [_target_row(name, target, counts, result["ratios"].get(model, {})) for name, target in targets.items()]
        at = _compared_at(counts)
        head = ["requests/s (p50 / p99 ms)", *(f"{n} conn." for n in counts), "failures", f"Penstock is, at {at}"]
        blocks += [f"**{model}**", "", table(head, rows), ""]
        blocks += [f"- {name}: {target['failed'][-1]}" for name, target in targets.items() if target["failed"]]
        blocks += [_idle(targets), _backlog(targets.get("penstock", {}).get("notes", {}))]
    blocks += [f"- V2 answers of Penstock and MLServer, {model}: {line}" for model, line in result["v2"].items()]
    blocks += [f"- left out: {name}: {reason}" for name, reason in result["missing"].items()]
    return "\n".join(blocks)


def _target_row(name: str, target: Any, counts: list[int], ratios: Any) -> list[str]:
    cells = [target["title"]]
    failures = 0
    for n in counts:
        found = target["connections"].get(str(n))
        failures += int(found["failures"]) if found else 0
        cells.append(f"{found['per_second']:,.0f} ({found['p50_ms']:.1f} / {found['p99_ms']:.1f})" if found else "–")
    return [*cells, str(failures), times(ratios.get(str(_compared_at(counts)), {}).get(name))]


def _compared_at(counts: list[int]) -> int:
    return 64 if 64 in counts else max(counts, default=0)


def _idle(targets: Any) -> str:
    percents = ((name, target["notes"].get("idle_cpu_percent")) for name, target in targets.items())
    seen = ", ".join(f"{name} {percent:.0f}" for name, percent in percents if percent is not None)
    return f"CPU while nobody asks, percent of one core: {seen}.\n" if seen else ""


def _backlog(notes: Any) -> str:
    if "catch_up_s" not in notes:
        return ""
    seen = f"{notes['answered']:,} answers, {notes['rows_missing']:,} without a row"
    return f"The request log: {seen} {notes['catch_up_s']} s after the last burst.\n"


def _hop(result: Any) -> str:
    rows = []
    for target, by_connections in result["targets"].items():
        for n, found in by_connections.items():
            rows.append(
                [
                    f"{target}, {n} conn.",
                    number(found["per_second"]),
                    number(found["p50_ms"], 3),
                    number(found["p99_ms"], 2),
                    number(found["cpu_us"], 1),
                    number(found.get("own_cpu_us") if target == "router" else None, 1),
                    number(found["per_core"]),
                    number(found["core_use"] * 100, 0, " %"),
                    number(found["failures"]),
                ]
            )
    head = [
        "",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "CPU µs/request",
        "without the shipper",
        "requests/CPU s",
        "its core",
        "failures",
    ]
    ratios = [f"- {name}: {number(value, 3)}" for name, value in sorted(result["ratios"].items())]
    missing = [f"- left out: {name}: {reason}" for name, reason in result["missing"].items()]
    return "\n".join([table(head, rows), "", *ratios, *missing])


def _logging(result: Any) -> str:
    blocks = []
    for where in ("hop", "end_to_end"):
        found = result[where]
        fields = list(found["ratios"])
        rows = [
            [name, *(number(found[s].get(name), 1) for s in ("on", "off")), times(found["ratios"][name])]
            for name in fields
        ]
        blocks += [table([where.replace("_", " "), "on", "off", "on / off"], rows), ""]
    return "\n".join(blocks)


def _growth(result: Any) -> str:
    sizes = sorted(result["sizes"].items(), key=lambda item: int(item[0]))
    rows = [_size_row(int(size), found) for size, found in sizes]
    asked = [
        f"{field}, {whom}"
        for whom in ("one asked", "all in turn")
        for field in ("requests/s", "CPU µs", "router's own", "p99 ms")
    ]
    head = ["services, versions, keys", *asked, "PSS MiB", "routes ready s", "failures"]
    changes = ", ".join(f"{ms:.0f}" for ms in result["route_change_ms"])
    ratios = [f"- {name}, largest over smallest: {number(value, 2)}" for name, value in result["ratios"].items()]
    return "\n".join([table(head, rows), "", *ratios, f"- a route change under load, ms: {changes}"])


def _size_row(size: int, found: Any) -> list[str]:
    cells = [f"{size:,}, {int(found['versions']):,}, {int(found['keys']):,}"]
    for prefix in ("", "spread_"):
        cells += [
            number(found.get(prefix + name), digits)
            for name, digits in (("per_second", 0), ("cpu_us", 1), ("own_cpu_us", 1), ("p99_ms", 1))
        ]
    failures = found["failures"] + found["spread_failures"]
    return [*cells, number(found["pss_mb"], 1), number(found["routes_ready_s"], 1), number(failures)]


def _publishing(result: Any) -> str:
    rows = [
        [name, number(result[f"{key}_s"], 2), ", ".join(f"{s:.2f}" for s in result["samples"][key])]
        for name, key in (("`penstock up` until ready", "up"), ("first publish", "cold"), ("further publishes", "warm"))
    ]
    return table(["", "median s", "each"], rows)


def _memory(result: Any) -> str:
    rows = [[name, number(mb, 1)] for name, mb in sorted(result["pss_mb"].items(), key=lambda item: -item[1])]
    sums = [["services and NATS", number(result["services_and_nats_mb"], 1)], ["all", number(result["all_mb"], 1)]]
    return table(["idle process", "PSS MiB"], [*rows, *sums])


def _control_plane(result: Any) -> str:
    kinds = result["kinds"]
    blocks = []
    for group in ("lists", "passes"):
        names = dict.fromkeys(name for found in kinds.values() for name in found[group])
        rows = [[name, *(number(found[group].get(name), 1) for found in kinds.values())] for name in names]
        blocks += [table([f"{group}, median ms, {result['services']:,} services", *kinds], rows), ""]
    return "\n".join(blocks)


def _autoscaling(result: Any) -> str:
    rows = [
        ["requests", number(result["requests"], 0)],
        ["failed", number(result["failed"], 0)],
        ["the first caller waited, s", number(result["first_wait_s"], 2)],
        ["most pods", number(result["most_pods"], 0)],
        ["pods at the end", number(result["pods_at_the_end"], 0)],
        ["median, ms", number(result["p50_ms"], 1)],
        ["99 % within, ms", number(result["p99_ms"], 1)],
    ]
    steps = ", ".join(f"{callers} for {seconds} s" for callers, seconds in result["steps"])
    return table([f"callers: {steps}", ""], rows)


def _sharing(result: Any) -> str:
    rows = [
        [
            f"{name}, {way} ({found['reason']})",
            number(found["per_second"]),
            number(found["p50_ms"], 1),
            number(found["p99_ms"], 1),
        ]
        for name, model in result["models"].items()
        for way, found in model["ways"].items()
    ]
    return table(["64 connections", "requests/s", "p50 ms", "p99 ms"], rows)


def _inference_tables(result: Any) -> str:
    names = ("records_s_to_payload", "records_s_write_deltalake", "rows_s_to_inferences", "rows_s_write_deltalake")
    head = ["rows of a request", "to payload", "`write_deltalake` alone", "to inferences", "`write_deltalake` alone"]
    rows = [[str(one["rows_of_a_request"]), *(number(one[name]) for name in names)] for one in result["results"]]
    return "Requests (payload) and rows (inferences) per second of CPU time.\n\n" + table(head, rows)


def _console(result: Any) -> str:
    rows = [
        [
            name,
            number(found["first_ms"]),
            number(found["best_ms"]),
            number(found["median_ms"]),
            number(found["best_cpu_ms"]),
        ]
        for name, found in result["lists"].items()
    ]
    others = [
        [f"{part}: {name}", number(value, 1)]
        for part in ("first_load", "log_lines", "charts")
        for name, value in result[part].items()
    ]
    lists = table(["ms to the painted rows", "first", "best", "median", "CPU of the best"], rows)
    return lists + "\n\n" + table(["", "value"], others)


def _table_of_a_day(result: Any) -> str:
    tables, cost = result["tables"], result["cpu_s"]
    names = {
        "rows": "rows",
        "versions": "versions",
        "files": "files",
        "files_in_folder": "files in the folder, those of older versions too",
        "files_of_log": "files of the log",
        "mib": "MiB",
        "mib_in_folder": "MiB in the folder",
        "open_ms": "ms to open",
        "read_a_column_ms": "ms to read a column",
    }
    rows = [[title, *(number(tables[table][name]) for table in tables)] for name, title in names.items()]
    hours, second = result["hours"], result["requests_s"]
    steps = ", ".join(f"{name} {seconds:,.0f} s" for name, seconds in cost.items())
    by_hour = ", ".join(f"{ms:g}" for ms in result.get("append_ms_by_hour", ()))
    said = f"{hours:g} hours at {second} requests/s. CPU: {steps}. Of each append, by hour: {by_hour} ms."
    return f"{said}\n\n{table(['', *tables], rows)}"


def _metric_store(result: Any) -> str:
    size, query, ingest = result["size"], result["query"], result["ingest"]
    rolled = "rolled_cpu_share"
    of_all = {name: ms for name, ms in query.items() if name != "one"}
    rows = [
        ["bytes of a pod and day, as rows (before)", f"{size['rows_of_before']:,}"],
        *(
            [f"bytes of a pod and day, blocks by {step_s} s", f"{count:,}"]
            for step_s, count in size["blocks_by_step_s"].items()
        ),
        *([["bytes of a pod and day, its percentiles", f"{size['percentiles']:,}"]] if "percentiles" in size else ()),
        *([f"7 days of 100 services, {name.removesuffix('_ms')} s: CPU ms", f"{ms:g}"] for name, ms in of_all.items()),
        *(
            [f"7 days of one service, {name.removesuffix('_ms')} s: CPU ms", f"{ms:g}"]
            for name, ms in query.get("one", {}).items()
        ),
        [f"samples of {ingest['pods']:,} pods: share of a core", f"{ingest['stored_cpu_share']:.2%}"],
        ["packing them: share of a core", f"{ingest['packed_cpu_share']:.2%}"],
        *([["rolling their hours up: share of a core", f"{ingest[rolled]:.2%}"]] if rolled in ingest else ()),
    ]
    return table(["", ""], rows)


def _canary(result: Any) -> str:
    head = ["base rate", "rate of the canary", "requests a minute"]
    ways = {"tests": "sequential tests", "thresholds": "below 99 %", "tuned_thresholds": "above 1.5 × base"}
    head += [text for title in ways.values() for text in (f"{title}: rolled back", "requests until then")]
    rows = [
        [
            f"{case['base']:.1%}",
            f"{case['ratio']:g} ×",
            str(case["per_minute"]),
            *(text for way in ways for text in (f"{case[way]['rolled_back']:.1%}", _requests(case[way]))),
        ]
        for case in result["cases"]
    ]
    shown = [
        [f"{found['base']:.1%}", f"{found['weight']} %", f"{found['shown']:.0%}", _requests(found)]
        for found in result["promotions"]
    ]
    requests = f"{result['canary_requests']:,} canary requests at {result['weight']} %"
    what = f"{result['rollouts']} roll-outs, up to {requests}. Medians."
    promoted = table(
        ["base rate, no difference", "weight", "shown to be no worse", "canary requests until then"], shown
    )
    return f"{what}\n\n{table(head, rows)}\n\n{promoted}"


def _requests(found: Any) -> str:
    return "-" if found["median_requests"] is None else number(found["median_requests"])


def _statistics(result: Any) -> str:
    from benchmarks.quality.rendering import render  # noqa: PLC0415 - it is made of this module's tables

    return render(result)


def _cluster(result: Any) -> str:
    from benchmarks.cluster.rendering import render  # noqa: PLC0415 - it is made of this module's tables

    return render(result)


_PARTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "a": ("One wine a request, end to end", _end_to_end),
    "b": ("The router's hop", _hop),
    "c": ("What request logging costs", _logging),
    "d": ("Growth", _growth),
    "e": ("Publish to first answer", _publishing),
    "f": ("Memory", _memory),
    "g": ("The control plane, full", _control_plane),
    "h": ("Autoscaling", _autoscaling),
    "i": ("Sharing a predict", _sharing),
    "j": ("Inference tables", _inference_tables),
    "k": ("The console in Chromium", _console),
    "l": ("A table after a day", _table_of_a_day),
    "m": ("The store of metrics", _metric_store),
    "n": ("Canaries, simulated", _canary),
    "q": ("Statistics of monitors", _statistics),
    "r": ("A thousand versions on a cluster", _cluster),
}
