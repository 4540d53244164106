"""(i) Sharing: what comparing costs a model whose callers share a predict, and what it costs not to share."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks import load, summary
from benchmarks.children import ChildProcess, free_port
from benchmarks.http_client import as_json, is_answering
from benchmarks.load import Request
from benchmarks.models import COLUMNS, Model, prepared
from benchmarks.options import Options
from benchmarks.progress import report_progress

CONNECTIONS = 64
START_WITHIN_S = 120
WAYS = {
    "proven": "auto",
    "said": "true",
    "apart": "false",
}
"""Proven, and compared again and again; said by the owner, never compared; each caller alone."""


def run(options: Options) -> dict[str, Any]:
    """`models` → name → way → medians, and its `row_wise_reason`; `ratios`: proven against said, apart against said."""
    found: dict[str, Any] = {}
    for name, model in prepared(options.models, options.cache).items():
        samples: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for number in range(options.rounds):
            for way in WAYS:
                samples[way].append(_measured(model, way, options))
            report_progress(f"i: {name}: round {number + 1}/{options.rounds}")
        ways = {way: {**summary.of(taken), "reason": taken[0]["reason"]} for way, taken in samples.items()}
        found[name] = {"ways": ways, "ratios": {way: _ratio(ways, way) for way in ("proven", "apart")}}
    return {"models": found}


def _ratio(ways: dict[str, Any], way: str) -> float | None:
    return summary.ratio(ways[way]["per_second"], ways["said"]["per_second"])


def _measured(model: Model, way: str, options: Options) -> dict[str, Any]:
    port = free_port()
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "penstock_runtime",
        "--model-path",
        model.mlflow,
        "--port",
        str(port),
    ]
    body = as_json({"dataframe_split": {"columns": COLUMNS, "data": [model.rows[0]]}})
    request = Request(f"http://127.0.0.1:{port}/predict", body, {"Content-Type": "application/json"})
    log = options.cache / "logs" / f"sharing-{model.name}-{way}.log"
    with ChildProcess(f"pod ({way})", [*command, "--row-wise", WAYS[way]], log) as pod:
        pod.wait_until(lambda: is_answering(request) or None, START_WITHIN_S, "answers")
        load.run(request, CONNECTIONS, options.warm_up)
        measured = load.run(request, CONNECTIONS, options.seconds).as_dict()
        with urlopen(f"http://127.0.0.1:{port}/check") as answer:
            return {**measured, "reason": json.load(answer)["row_wise_reason"]}
