"""Debugging a published model: a version without weight, the line that does the same, and the table it stays out of."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mlflow_scripts import run
from running_platform import Platform, until


@pytest.fixture(scope="module")
def body(wines_csv: Path) -> dict[str, Any]:
    frame = pd.read_csv(wines_csv).drop(columns="quality").head(1)
    return {"dataframe_split": {"columns": list(frame.columns), "data": frame.to_numpy().tolist()}}


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
    logged = debug("logged", log=True)
    assert logged["status_code"] == 200
    example = platform.api("POST", "/services/debugged/debug", json={})
    assert (example["version"], example["status_code"]) == ("v1", 200)

    def rows() -> dict[str, str]:
        return {row["client_request_id"]: row["route_reason"] for row in platform.payload_rows("debugged")}

    until(lambda: "logged" in rows(), within=60, what="the row of the debug request that asked for it")
    assert rows()["logged"] == "debug"

    same = subprocess.run(
        ["sh", "-c", unlogged["curl"]],
        env=os.environ | {"PENSTOCK_API_KEY": key},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(same.stdout) == unlogged["response"]
    until(lambda: rows().get("unlogged") == "version", within=60, what="the row of the line, sent as any caller")
    reasons = [row["route_reason"] for row in platform.payload_rows("debugged")]
    assert reasons.count("debug") == 1


def test_a_wrong_request_shows_the_models_complaint(platform: Platform) -> None:
    platform.publish("complains", "wine_quality")
    answer = platform.api("POST", "/services/complains/debug", json={"request": {"inputs": {"nothing": [1]}}})
    assert answer["status_code"] == 400
    assert answer["response"]["error_code"] == "INVALID_PARAMETER_VALUE"


def test_the_error_of_a_model_leads_to_its_trace(platform: Platform) -> None:
    run("always-raises", platform.mlflow_url)
    platform.publish("raises", "always_raises")
    answer = platform.api("POST", "/services/raises/debug", json={"request": {"inputs": ["x"]}})
    assert answer["response"]["error_code"] == "MODEL_ERROR"
    assert "ArithmeticError: this model never predicts" in answer["trace"][-1]
    request_id = answer["headers"]["X-Request-Id"]
    assert f"`penstock logs SERVICE --request {request_id}`" in answer["response"]["message"]
    shown = platform.penstock("logs", "raises", "--request", request_id)
    assert "ArithmeticError: this model never predicts" in shown.stdout
    assert platform.penstock("logs", "raises", "--request", "another").stdout == ""
