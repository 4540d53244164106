"""The demo: from nothing to an answer and its row, through the public doors. Safe to repeat; what is there is used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx

from penstock.client import ApiError, Client, NotFound, PenstockError
from penstock.launcher import platform
from penstock.launcher.home import Home, LaunchError
from penstock.launcher.state import is_supervised, running_home

Report = Callable[[str], None]

MODEL = "penstock_demo_wine"
SERVICE = "wine-demo"
KEY_NAME = "demo"
MLFLOW_WITHIN_S = 60.0
RUNNING_WITHIN_S = 180.0
ROW_WITHIN_S = 20.0

COLUMNS = (
    "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids",
    "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280/od315_of_diluted_wines", "proline",
)  # fmt: skip
WINES = (
    (14.23, 1.71, 2.43, 15.6, 127.0, 2.8, 3.06, 0.28, 2.29, 5.64, 1.04, 3.92, 1065.0),
    (12.37, 0.94, 1.36, 10.6, 88.0, 1.98, 0.57, 0.28, 0.42, 1.95, 1.05, 1.82, 520.0),
)
"""The first wine of grower 0 and the first of grower 1 in scikit-learn's table, written out: loading it takes 2 s."""


def run_demo(home: Home, *, api: str | None, mlflow: str | None, token: str | None, report: Report) -> None:
    """Run every step; raises LaunchError with one line where a step fails."""
    if (api is None) != (mlflow is None):
        raise LaunchError("--api and --mlflow belong together: give both, or none for the platform of this machine")
    if api is None:
        _bring_up(home, report)
        home = running_home(home) or home
    elif not token:  # empty where a command that should print it had nothing yet
        raise LaunchError("the admin token of that platform is needed: --token or PENSTOCK_TOKEN")
    mlflow = mlflow or home.mlflow_url
    try:
        with Client(api or home.api_url, token or home.admin_token.read_text().strip()) as client:
            version = _register_model(mlflow, report)
            url = _publish(client, version, report)
            _show(client, url, home if api is None else None, mlflow, report)
    except (PenstockError, OSError) as error:
        raise LaunchError(str(error)) from None


def _bring_up(home: Home, report: Report) -> None:
    if not is_supervised(home):
        report("bringing the platform up")
        platform.run_detached(home, dict(os.environ))
        return
    _until(lambda: platform.status(home)["ready"], platform.READY_WITHIN_S, "the platform is not ready")


def _register_model(mlflow: str, report: Report) -> str:
    """The newest version of the demo's model; trained if there is none."""
    if version := _until(lambda: _newest(mlflow), MLFLOW_WITHIN_S, f"MLflow at {mlflow} does not answer"):
        return str(version)
    report(f"training a classifier of wines, registering it as {MODEL}")
    command = [sys.executable, "-m", "penstock.demo_model", mlflow, MODEL]
    # It is run in this checkout, and is no part of it: its requirements are those that MLflow finds in the model.
    alone = os.environ | {"MLFLOW_UV_AUTO_DETECT": "false"}
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise LaunchError(f"training failed: {(done.stderr.strip() or 'no output').splitlines()[-1]}")
    return done.stdout.split()[-1]


def _newest(mlflow: str) -> str | None:
    """Version number, "" where the model is not registered, None while MLflow does not answer."""
    try:
        answer = httpx.get(f"{mlflow}/api/2.0/mlflow/registered-models/get", params={"name": MODEL}, timeout=10)
    except httpx.HTTPError:
        return None
    if answer.status_code != 200:
        return "" if answer.status_code == 404 else None
    versions = answer.json()["registered_model"].get("latest_versions", [])
    return max((v["version"] for v in versions), key=int, default="")


def _publish(client: Client, version: str, report: Report) -> str:
    """The service's URL, once it runs."""
    try:
        service = client.service(SERVICE)
    except NotFound:
        report(f"publishing {MODEL} version {version} as {SERVICE}")
        service = client.create_service(_service(version))
    if service["status"] in ("stopped", "draft", "failed"):
        report(f"starting {SERVICE}")
        client.start_service(SERVICE)
    _until(lambda: _runs(client), RUNNING_WITHIN_S, f"{SERVICE} is not running")
    return str(service["url"])


def _service(version: str) -> dict[str, Any]:
    return {
        "name": SERVICE,
        "type": "ml",
        "description": "Which of three growers made this wine?",
        "start": True,
        "version": {
            "model_source": {"kind": "mlflow", "model": MODEL, "version": version},
            "resource_source": {"kind": "shared", "spec": "1C2G"},
            "replicas": 1,
            "log_delivery": {"enabled": True},
        },
    }


def _runs(client: Client) -> bool:
    service = client.service(SERVICE)
    if service["status"] == "failed":
        reasons = [f"{v.get('reason')}: {v.get('message')}" for v in service["versions"] if v["status"] == "failed"]
        raise LaunchError(f"{SERVICE} failed: {'; '.join(reasons)}")
    return bool(service["status"] in ("running", "degraded"))


def _key(client: Client) -> str:
    """A key for this run; that of the run before is revoked, since a key is shown only once."""
    for key in list(client.keys(SERVICE)):
        if key["name"] == KEY_NAME:
            client.revoke_key(SERVICE, key["id"])
    return client.create_key(SERVICE, KEY_NAME)["key"]


def _show(client: Client, url: str, home: Home | None, mlflow: str, report: Report) -> None:
    key = _key(client)
    request_id = f"demo-{uuid.uuid4().hex[:12]}"
    report("predicting")
    one = _until(lambda: _predict(client, url, key, 1, request_id), 10, f"{url} does not answer")
    two = client.predict(url, key, COLUMNS, WINES, f"{request_id}-two")
    print(f"\nOne wine:  predictions {one}\nTwo wines: predictions {two}")
    report("waiting for the request's row")
    table = f"{SERVICE}.payload"
    rows = _until(lambda: _rows(client, table, request_id), ROW_WITHIN_S, f"the request has no row in {table}")
    row = {name: rows[0].get(name) for name in ("client_request_id", "status_code", "version", "response")}
    print(f"Its row:   {json.dumps(row)}\n")
    print(_what_next(url, key, home, mlflow, client.create_sign_in_link()["url"]))


def _predict(client: Client, url: str, key: str, count: int, request_id: str) -> list[Any] | None:
    """None while the router does not know the key or the service yet: a new one takes up to a second to get there."""
    try:
        return client.predict(url, key, COLUMNS, WINES[:count], request_id)
    except ApiError as error:
        if error.status in (401, 403, 404, 503):
            return None
        raise


def _rows(client: Client, table: str, request_id: str) -> list[dict[str, Any]] | None:
    try:
        return [row for row in client.rows(table, client_request_id=request_id) if row["status_code"] == 200]
    except ApiError as error:
        if error.status in (404, 503):
            return None
        raise


def _what_next(url: str, key: str, home: Home | None, mlflow: str, console: str) -> str:
    body = json.dumps({"dataframe_split": {"columns": COLUMNS, "data": WINES[:1]}})
    lines = [
        "Try next:",
        f"  Console: {console}   (signs in once, within 10 minutes; `./penstock console` makes another)",
        f"  curl -s {quote(url, safe=':/')} -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\",
        f"    -d '{body}'",
        f"  MLflow: {mlflow}   (register a model of your own there)",
    ]
    if home:
        lines += [
            f"  REST:   {home.api_url}/api/v1/openapi.json   (token: {home.admin_token})",
            f"  Table:  {home.path / 'tables' / SERVICE / 'payload'}   (Delta: Spark, DuckDB, Polars read it)",
            "  ./penstock status    ./penstock down",
        ]
    return "\n".join(lines)


def _until(condition: Callable[[], Any], within_s: float, failure: str) -> Any:
    """The first answer of `condition` that is neither None, False nor an empty list; LaunchError when time is over."""
    deadline = time.monotonic() + within_s
    while (found := condition()) is None or found is False or found == []:
        if time.monotonic() > deadline:
            raise LaunchError(f"{failure} after {within_s:.0f} s")
        time.sleep(0.1)
    return found
