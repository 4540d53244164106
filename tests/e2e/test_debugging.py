"""Debugging a published model: a version without weight, the line that does the same, and the table it stays out of."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from platforms.running_platform import Platform, until


@pytest.fixture(scope="module")
def body(wines_csv: Path) -> dict[str, Any]:
    frame = pd.read_csv(wines_csv).drop(columns="quality").head(1)
    return {"dataframe_split": {"columns": list(frame.columns), "data": frame.to_numpy().tolist()}}


def pasted(line: str, key: str) -> Any:
    """What the line brings in a shell."""
    environment = os.environ | {"PENSTOCK_API_KEY": key}
    done = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def sent_as_curl_would(line: str, key: str) -> Any:
    """The request that the line makes, by the standard library; a word that is not known here fails."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-sS", action="store_true", dest="quiet")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("--data-raw", dest="body")
    curl, *words = shlex.split(line)
    assert curl == "curl"
    asked = parser.parse_args([word.replace("$PENSTOCK_API_KEY", key) for word in words])
    headers = dict(header.split(": ", 1) for header in asked.headers)
    request = urllib.request.Request(asked.url, asked.body.encode(), headers, method=asked.method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_a_version_without_weight_is_debugged(platform: Platform, body: dict[str, Any]) -> None:
    key = platform.publish("debugged", "wine_quality")
    second = {
        "model_source": {"kind": "mlflow", "model": "wine_quality", "version": "2"},
        "start": True,
        "traffic_weight": 0,
        "log_delivery": {"enabled": True},
    }
    platform.api("POST", "/services/debugged/versions", json=second)
    platform.wait_version("debugged", "v2", "running")

    def debug(name: str, **more: Any) -> Any:
        asked = {"version": "v2", "request": body | {"client_request_id": name}, **more}
        return platform.api("POST", "/services/debugged/debug", json=asked)

    def is_served() -> Any:
        found = debug("unlogged")
        return found if found["status_code"] == 200 else None

    unlogged = until(is_served, within=60, what="the router knows the second version")
    assert unlogged["headers"]["X-Penstock-Version"] == "v2"
    timings = unlogged["timings"]
    assert 0 < timings["predict_ms"] < timings["total_ms"]
    assert 0 < timings["router_ms"] < timings["total_ms"]
    logged = debug("logged", log=True)
    assert logged["status_code"] == 200
    example = platform.api("POST", "/services/debugged/debug", json={})
    assert (example["version"], example["status_code"]) == ("v1", 200)

    def rows() -> dict[str, str]:
        return {row["client_request_id"]: row["route_reason"] for row in platform.payload_rows("debugged")}

    until(lambda: "logged" in rows(), within=60, what="the row of the debug request that asked for it")
    assert rows()["logged"] == "debug"
    whole = platform.api("GET", f"/services/debugged/requests/{logged['headers']['X-Request-Id']}")
    assert (whole["version"], whole["pod"], whole["log_problem"]) == ("v2", logged["headers"]["X-Penstock-Pod"], None)
    assert whole["payload"]["client_request_id"] == "logged"

    assert sent_as_curl_would(unlogged["curl"], key) == unlogged["response"]
    if shutil.which("curl"):  # a bare machine has none
        assert pasted(unlogged["curl"], key) == unlogged["response"]
    until(lambda: rows().get("unlogged") == "version", within=60, what="the row of the line, sent as any caller")
    reasons = [row["route_reason"] for row in platform.payload_rows("debugged")]
    assert reasons.count("debug") == 1


def test_a_wrong_request_shows_the_models_complaint(platform: Platform) -> None:
    platform.publish("complains", "wine_quality")
    answer = platform.api("POST", "/services/complains/debug", json={"request": {"inputs": {"nothing": [1]}}})
    assert answer["status_code"] == 400
    assert answer["response"]["error_code"] == "INVALID_PARAMETER_VALUE"


def test_the_error_of_a_model_leads_to_its_trace(platform: Platform) -> None:
    platform.publish("raises", "always_raises")
    answer = platform.api("POST", "/services/raises/debug", json={"request": {"inputs": ["x"]}})
    assert answer["response"]["error_code"] == "MODEL_ERROR"
    assert "ArithmeticError: this model never predicts" in answer["trace"][-1]
    request_id = answer["headers"]["X-Request-Id"]
    assert f"`penstock logs SERVICE --request {request_id}`" in answer["response"]["message"]
    shown = platform.penstock("logs", "raises", "--request", request_id)
    assert "ArithmeticError: this model never predicts" in shown.stdout
    assert platform.penstock("logs", "raises", "--request", "another").stdout == ""
