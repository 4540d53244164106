"""From a registered model to an answer, its row, its logs and its events, through the public doors alone."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pandas as pd
import pytest

from models import mlflow_scripts
from platforms.running_platform import ROOT, Platform, ask, scoring_request, until
from scraped_metrics import asked_for, names_of, problems_of


def split_body(frame: pd.DataFrame) -> dict[str, Any]:
    return {"dataframe_split": {"columns": list(frame.columns), "data": frame.to_numpy().tolist()}}


@pytest.fixture(scope="module")
def features(wines_csv: Path) -> pd.DataFrame:
    return pd.read_csv(wines_csv).drop(columns="quality")


@pytest.fixture(scope="module")
def key(platform: Platform) -> str:
    return platform.publish("wine-quality", "wine_quality")


def predict(platform: Platform, service: str, key: str, body: dict[str, Any]) -> httpx.Response:
    return httpx.post(
        f"{platform.data_url}/{service}/predict", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=30
    )


@pytest.fixture(scope="module")
def predicted(platform: Platform, wines_csv: Path) -> list[float]:
    """What the model itself predicts for the first two rows."""
    found: list[float] = mlflow_scripts.run("predict", platform.mlflow_url, "wine_quality", 1, wines_csv, 2)
    return found


@pytest.mark.parametrize("rows", [1, 2])
def test_answers_equal_the_model(
    platform: Platform, key: str, features: pd.DataFrame, predicted: list[float], rows: int
) -> None:
    asked = features.head(rows)

    answer = predict(platform, "wine-quality", key, split_body(asked) | {"client_request_id": f"rows-{rows}"})

    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == pytest.approx(predicted[:rows])
    assert answer.headers["x-penstock-version"] == "v1"


def test_the_table_reads_with_duckdb(platform: Platform, key: str, features: pd.DataFrame) -> None:
    predict(platform, "wine-quality", key, split_body(features.head(1)) | {"client_request_id": "duck"})
    until(
        lambda: any(r["client_request_id"] == "duck" for r in platform.payload_rows("wine-quality")),
        within=60,
        what="row",
    )

    files = str(platform.home / "tables/wine-quality/payload/request_date=*/*.parquet")
    found = duckdb.sql(f"select status_code from read_parquet('{files}') where client_request_id = 'duck'")

    assert found is not None
    assert found.fetchall() == [(200,)]


def test_pods_logs_events_metrics_and_tables_are_readable_through_the_controller(
    platform: Platform, key: str, features: pd.DataFrame
) -> None:
    predict(platform, "wine-quality", key, split_body(features.head(1)))

    (pod,) = platform.api("GET", "/services/wine-quality/versions/v1/pods")["items"]
    assert (pod["status"], pod["ready"]) == ("Running", True)
    start = platform.api("GET", f"/services/wine-quality/versions/v1/pods/{pod['name']}/timeline")
    assert (start["state"], [phase["state"] for phase in start["phases"][3:]]) == ("ready", ["done"] * 4)
    until(lambda: platform.api("GET", "/services/wine-quality/versions/v1/logs")["items"], within=60, what="log lines")
    until(lambda: event_reasons(platform) >= {"Scheduled", "Ready"}, within=60, what="pod events")

    def tables() -> set[str]:
        return {table["name"] for table in platform.api("GET", "/inference-tables")["items"]}

    until(lambda: "wine-quality.payload" in tables(), within=60, what="the table")
    assert platform.api("GET", "/inference-tables/wine-quality.payload/rows", params={"where": "status_code = 200"})[
        "items"
    ]
    assert platform.api("GET", "/inference-tables/wine-quality.payload/statistics?columns=status_code")["rows"]

    def measured() -> Any:
        answer = platform.api("GET", "/services/wine-quality/metrics", params={"metric": "requests_per_second"})
        return [s for s in answer["series"] if s["points"]]

    until(measured, within=60, what="requests per second")
    line = platform.api("GET", "/services/wine-quality/logs", params={"regex": "(?i)loading the model", "page_size": 1})
    around = platform.api("GET", "/services/wine-quality/logs", params={"around": line["items"][0]["id"], "lines": 1})
    assert line["items"][0] in around["items"]

    def drawn() -> Any:
        charts = platform.api("GET", "/services/wine-quality/charts?metrics=requests,latency_p99&by=pod&step=10")
        return [s for s in charts["series"] if s["pod"] == pod["name"] and any(s["values"])]

    assert {series["metric"] for series in until(drawn, within=60, what="charts by 10 s")} >= {"requests"}
    (summary,) = platform.api("GET", "/service-summaries?name=wine-quality")["items"]
    assert len(summary["sparkline"]["values"]) == 15


def test_every_process_is_scraped_under_well_formed_names(platform: Platform, key: str, features: pd.DataFrame) -> None:
    predict(platform, "wine-quality", key, split_body(features.head(1)))
    ports = json.loads((platform.home / "ports.json").read_text())
    texts = {name: httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text for name, port in ports.items()}
    assert set(texts) >= {"controller", "scheduler", "router", "monitor", "inference-logger"}
    assert {name: found for name, text in texts.items() if (found := problems_of(text))} == {}
    assert asked_for() <= set().union(*map(names_of, texts.values()))
    assert 'penstock_router_requests_total{code="200",pod="' in texts["router"]


def test_logs_are_followed_as_they_are_printed(platform: Platform) -> None:
    source = {"kind": "mlflow", "model": "wine_quality", "version": "1"}
    platform.api("POST", "/services", json={"name": "followed", "version": {"model_source": source}})
    headers = {"Authorization": f"Bearer {platform.token}"}
    url, query = f"{platform.api_url}/services/followed/logs", {"follow": "true", "search": "LOADING the model"}
    with httpx.stream("GET", url, params=query, headers=headers, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == ": following"
        platform.api("POST", "/services/followed/start")
        line = json.loads(next(line for line in lines if line.startswith("data: ")).removeprefix("data: "))
    assert (line["version"], line["run"]) == ("v1", 0)
    assert "loading the model" in line["text"]
    platform.wait_version("followed", "v1", "running")
    platform.api("POST", "/services/followed/stop")


def event_reasons(platform: Platform) -> set[str]:
    return {event["reason"] for event in platform.api("GET", "/services/wine-quality/versions/v1/events")["items"]}


def test_the_registry_shows_signature_and_example(platform: Platform) -> None:
    models = platform.api("GET", "/models")["items"]

    wine = next(m for m in models if m["name"] == "wine_quality")
    assert wine["name"] == "wine_quality"
    version = platform.api("GET", "/models/wine_quality/versions/1")
    assert version["signature"]["inputs"]
    assert version["input_example"]


def test_no_key_no_answer(platform: Platform, key: str, features: pd.DataFrame) -> None:
    url = f"{platform.data_url}/wine-quality/predict"
    assert httpx.post(url, json=split_body(features.head(1))).status_code == 401
    assert httpx.post(url, json={}, headers={"X-API-Key": "psk_no.no"}).status_code == 401
    assert httpx.post(f"{platform.data_url}/nobody/predict", json={}).status_code == 404


def test_a_new_key_opens_at_once(platform: Platform, key: str, features: pd.DataFrame) -> None:
    for name in ("one", "two", "three"):
        issued = platform.api("POST", "/services/wine-quality/keys", json={"name": name})
        assert predict(platform, "wine-quality", issued["key"], split_body(features.head(1))).status_code == 200


async def test_two_versions_split_ninety_to_ten(platform: Platform, key: str, features: pd.DataFrame) -> None:
    version = {
        "model_source": {"kind": "mlflow", "model": "wine_quality", "version": "2"},
        "resource_source": {"kind": "shared", "spec": "1C2G"},
        "start": True,
        "traffic_weight": 10,
        "log_delivery": {"enabled": True},
    }
    platform.api("POST", "/services/wine-quality/versions", json=version)
    platform.wait_version("wine-quality", "v2", "running")
    platform.api("PUT", "/services/wine-quality/traffic", json={"weights": {"v1": 90, "v2": 10}})
    url = httpx.URL(f"{platform.data_url}/wine-quality/predict")
    asked = scoring_request(url, key, json.dumps(split_body(features.head(1))))
    versions: Counter[str] = Counter()

    async def call(times: int) -> None:
        """So many requests on one connection."""
        reader, writer = await asyncio.open_connection(url.host, url.port)
        for _ in range(times):
            status, headers, _ = await ask(reader, writer, asked)
            assert status == 200
            versions[headers["x-penstock-version"]] += 1
        writer.close()

    async with asyncio.timeout(60):  # how soon it is so is another test's
        while not versions["v2"]:
            await call(1)
    versions.clear()
    await asyncio.gather(*(call(100) for _ in range(20)))

    assert versions.total() == 2000
    assert 145 <= versions["v2"] <= 255  # four standard deviations


def test_events_reach_an_outside_subscriber(
    platform: Platform, key: str, features: pd.DataFrame, tmp_path: Path
) -> None:
    url = (platform.home / "nats-subscriber-url").read_text().strip()
    printed = tmp_path / "printed"
    command = [sys.executable, "-u", str(ROOT / "docs/examples/subscribe.py"), url]
    with printed.open("wb") as output:
        script = subprocess.Popen(command, stdout=output)
    try:

        def listens() -> bool:
            predict(platform, "wine-quality", key, split_body(features.head(1)))
            return "penstock.request.logged.v1" in printed.read_text()

        assert until(listens, within=60, every=0.5, what="it hears of a request")
        platform.publish("seen", "wine_quality", replicas=1)
        for event in ("penstock.version.created.v1", "penstock.pod.scheduled.v1"):
            assert until(lambda event=event: event in printed.read_text(), within=60, what=event)  # type: ignore[misc]
    finally:
        script.terminate()
        script.wait(10)
    platform.api("POST", "/services/seen/stop")


def test_unknown_model_and_version_are_named(platform: Platform) -> None:
    for source, name in (
        ({"model": "no_such_model", "version": "1"}, "no_such_model"),
        ({"model": "wine_quality", "version": "99"}, "99"),
    ):
        body = {"name": "nobody", "version": {"model_source": {"kind": "mlflow"} | source}}
        answer = httpx.post(
            f"{platform.api_url}/services", json=body, headers={"Authorization": f"Bearer {platform.token}"}, timeout=30
        )
        assert answer.status_code == 404, answer.text
        assert name in answer.json()["message"]
