"""What each system is sent, and what its answers mean: over real connections, refusals and silence included."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook

from monitor.clients.retraining.http import HttpSystem
from monitor.domain.retraining.http import Progress, StartOutcome
from servers.vendor_server import Heard, Reply, VendorServer, reply
from shared.clock import SystemClock
from shared.contracts.retraining import (
    AlertEvidence,
    EvidenceTable,
    RetrainingAccess,
    RetrainingEvidence,
    RetrainingGuards,
    RetrainingRun,
    RetrainingTrigger,
)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ID = UUID("01975d7e-0000-7000-8000-000000000009")
RUN_ID = f"penstock-{ID}"
EVIDENCE = RetrainingEvidence(
    id=ID,
    service="wine",
    trigger="drifted",
    cause="alert",
    requested_at=NOON,
    model="wine_quality",
    alert=AlertEvidence(id="a", fingerprint="f", severity="critical", summary="alcohol has drifted"),
    tables=(EvidenceTable(name="wine.labelled", version=41),),
    report="/api/v1/reports/1",
)
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
SYSTEM = HttpSystem(SystemClock(), within_s=0.5)
AIRFLOW = {"kind": "airflow", "dag_id": "train wine", "conf": {"epochs": 3}}
ARGO = {"kind": "argo", "namespace": "ml", "template": "train", "parameters": {"epochs": "3"}}
GITHUB = {"kind": "github", "repository": "acme/wine"}
RUNS = "/api/v2/dags/train%20wine/dagRuns"
WORKFLOWS = "/api/v1/workflows/ml"
REPOSITORY = "/repos/acme/wine"


def trigger(vendor: VendorServer, action: Mapping[str, Any]) -> RetrainingTrigger:
    whole = {
        "id": UUID(int=1),
        "service_id": UUID(int=2),
        "service": "wine",
        "project": "default",
        "name": "drifted",
        "action": {"url": vendor.url, **action},
        "guards": RetrainingGuards(cool_down=timedelta(0), max_per_day=9),
        "time_limit": timedelta(hours=1),
    }
    return RetrainingTrigger.model_validate(whole)


def access(**credentials: str) -> RetrainingAccess:
    return RetrainingAccess(credentials=credentials, allowed=("127.0.0.1",))


async def start(vendor: VendorServer, action: Mapping[str, Any], **credentials: str) -> StartOutcome:
    return await SYSTEM.start(trigger(vendor, action), EVIDENCE, access(**credentials))


async def look(vendor: VendorServer, action: Mapping[str, Any], run: RetrainingRun | None = None) -> Progress:
    return await SYSTEM.look(trigger(vendor, action), EVIDENCE, run or RetrainingRun(id=RUN_ID), access(token="t"))


# ── webhook ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_webhook_is_signed_as_its_standard_says(vendor: VendorServer) -> None:
    vendor.on("POST", "/hook", reply(202))
    outcome = await start(vendor, {"kind": "webhook", "url": f"{vendor.url}/hook?team=a"}, secret=SECRET)
    assert (outcome.kind, outcome.run) == ("started", RetrainingRun(id=str(ID)))
    (heard,) = vendor.heard
    said = Webhook(SECRET).verify(heard.body, heard.headers)
    assert said["type"] == "retrain.requested"
    assert said["data"] == json.loads(EVIDENCE.model_dump_json(exclude_none=True))
    assert heard.headers["webhook-id"] == str(ID)
    assert (await look(vendor, {"kind": "webhook", "url": f"{vendor.url}/hook"})).kind == "unknown"


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (reply(410, {"message": "gone"}), "rejected", "NotFound"),
        (reply(401), "rejected", "Unauthorized"),
        (reply(302, location="http://169.254.169.254/latest"), "rejected", "Redirected"),
        (reply(503, retry_after="7"), "retry", "Unavailable"),
        (None, "retry", "Unavailable"),
    ],
)
async def test_a_webhook_that_is_not_taken(vendor: VendorServer, answer: Reply | None, kind: str, reason: str) -> None:
    vendor.on("POST", "/hook", answer)
    outcome = await start(vendor, {"kind": "webhook", "url": f"{vendor.url}/hook"}, secret=SECRET)
    assert (outcome.kind, outcome.reason) == (kind, reason)
    assert len(vendor.heard) == 1, "redirects are not followed"


async def test_what_may_not_be_called_is_not_called(vendor: VendorServer) -> None:
    hook = trigger(vendor, {"kind": "webhook", "url": f"{vendor.url}/hook"})
    inside = await SYSTEM.start(hook, EVIDENCE, RetrainingAccess())
    assert (inside.kind, inside.reason) == ("rejected", "AddressRefused")
    assert "CONTROLLER_ALLOWED_RETRAINERS" in str(inside.message)
    no_secret = await start(vendor, {"kind": "webhook"}, secret="not base64")
    assert (no_secret.kind, no_secret.reason) == ("rejected", "Unusable")
    nowhere = trigger(vendor, {"kind": "webhook", "url": "http://127.0.0.1:9/x"})
    away = await SYSTEM.start(nowhere, EVIDENCE, access())
    assert (away.kind, away.reason) == ("retry", "Unavailable")
    assert "/x" not in str(away.message)
    assert vendor.heard == []


# ── Airflow ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_airflow_gets_a_run_with_our_id_and_no_logical_date(vendor: VendorServer) -> None:
    vendor.on("POST", "/auth/token", reply(201, {"access_token": "jwt"}))
    vendor.on("POST", RUNS, reply(200, {"dag_run_id": RUN_ID, "state": "queued"}))
    outcome = await start(vendor, AIRFLOW, username="me", password="pass")
    assert outcome.kind == "started"
    assert outcome.run is not None
    assert (outcome.run.id, outcome.run.state) == (RUN_ID, "queued")
    login, made = vendor.heard
    assert login.json == {"username": "me", "password": "pass"}
    assert made.headers["authorization"] == "Bearer jwt"
    assert made.json.keys() == {"dag_run_id", "logical_date", "conf", "note"}
    assert (made.json["dag_run_id"], made.json["logical_date"]) == (RUN_ID, None)
    assert (made.json["conf"]["epochs"], made.json["conf"]["penstock"]["tables"][0]["version"]) == (3, 41)


async def test_airflow_has_it_already(vendor: VendorServer) -> None:
    vendor.on("POST", RUNS, reply(409, {"detail": "DAGRun already exists"}))
    outcome = await start(vendor, AIRFLOW, token="t")
    assert (outcome.kind, outcome.run and outcome.run.id) == ("started", RUN_ID)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (reply(401, {"detail": "Invalid JWT"}), "rejected", "Unauthorized"),
        (reply(404, {"detail": "The DAG was not found"}), "rejected", "NotFound"),
        (reply(422, {"detail": [{"msg": "extra fields not permitted"}]}), "rejected", "Refused"),
        ((200, {}, b"<html>sign in</html>"), "retry", "UnknownAnswer"),
        (reply(200, {"dag_run_id": "other"}), "retry", "UnknownAnswer"),
        (reply(500, {"detail": "x"}), "retry", "Unavailable"),
    ],
)
async def test_airflow_does_not_take_it(vendor: VendorServer, answer: Reply, kind: str, reason: str) -> None:
    vendor.on("POST", RUNS, answer)
    outcome = await start(vendor, AIRFLOW, token="t")
    assert (outcome.kind, outcome.reason) == (kind, reason)


async def test_airflow_refuses_the_password(vendor: VendorServer) -> None:
    vendor.on("POST", "/auth/token", reply(401, {"detail": "no"}))
    outcome = await start(vendor, AIRFLOW, username="me", password="wrong")
    assert (outcome.kind, outcome.reason) == ("rejected", "Unauthorized")


async def test_what_a_system_repeats_of_the_credentials_is_not_shown(vendor: VendorServer) -> None:
    def repeat(heard: Heard) -> Reply:  # as FastAPI does, which Airflow is made of
        return reply(422, {"detail": [{"loc": ["body"], "input": heard.json, "msg": "Field required"}]})

    vendor.on("POST", "/auth/token", repeat)
    outcome = await start(vendor, AIRFLOW, username="me", password='pass"word-of-mine')
    assert (outcome.kind, outcome.reason) == ("rejected", "Refused")
    assert "'password': '***'" in str(outcome.message)
    vendor.on("GET", f"{RUNS}/{RUN_ID}", lambda heard: reply(400, {"message": heard.headers["authorization"]}))
    looked = await SYSTEM.look(trigger(vendor, AIRFLOW), EVIDENCE, RetrainingRun(id=RUN_ID), access(token="t0ken"))
    assert looked.message == "HTTP 400: Bearer ***"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(200, {"state": "queued"}), "waiting"),
        (reply(200, {"state": "running"}), "running"),
        (reply(200, {"state": "success"}), "succeeded"),
        (reply(200, {"state": "failed"}), "failed"),
        (reply(200, {"state": "restarting"}), "unknown"),
        (reply(404, {}), "gone"),
        (reply(401, {}), "unknown"),
        ((200, {}, b"garbage"), "unknown"),
        (None, "unknown"),
    ],
)
async def test_airflow_says_how_it_does(vendor: VendorServer, answer: Reply | None, kind: str) -> None:
    vendor.on("GET", f"{RUNS}/{RUN_ID}", answer)
    assert (await look(vendor, AIRFLOW)).kind == kind


async def test_airflow_is_told_to_end(vendor: VendorServer) -> None:
    vendor.on("PATCH", f"{RUNS}/{RUN_ID}", reply(200, {"state": "failed"}))
    run = RetrainingRun(id=RUN_ID)
    assert await SYSTEM.cancel(trigger(vendor, AIRFLOW), EVIDENCE, run, access(token="t")) == "told"
    assert vendor.heard[0].json == {"state": "failed"}
    vendor.on("PATCH", f"{RUNS}/{RUN_ID}", None)
    assert await SYSTEM.cancel(trigger(vendor, AIRFLOW), EVIDENCE, run, access(token="t")) == "later"
    hook = trigger(vendor, {"kind": "webhook"})
    assert await SYSTEM.cancel(hook, EVIDENCE, run, access()) == "cannot"


# ── Argo Workflows ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_argo_gets_a_workflow_of_our_name(vendor: VendorServer) -> None:
    vendor.on("POST", f"{WORKFLOWS}/submit", reply(200, {"metadata": {"name": RUN_ID}, "status": {}}))
    outcome = await start(vendor, ARGO, token="t")
    assert (outcome.kind, outcome.run and outcome.run.id) == ("started", RUN_ID)
    (heard,) = vendor.heard
    assert heard.headers["authorization"] == "Bearer t"
    said = heard.json
    assert (said["resourceKind"], said["resourceName"], said["namespace"]) == ("WorkflowTemplate", "train", "ml")
    options = said["submitOptions"]
    assert options["name"] == RUN_ID
    assert options["labels"] == f"penstock.io/retraining={ID},penstock.io/service=wine"
    parameters = dict(each.split("=", 1) for each in options["parameters"])
    assert (parameters["epochs"], parameters["retraining-id"]) == ("3", str(ID))
    assert json.loads(parameters["evidence"])["report"] == "/api/v1/reports/1"
    vendor.on("POST", f"{WORKFLOWS}/submit", reply(409, {"code": 6, "message": "already exists"}))
    assert (await start(vendor, ARGO, token="t")).kind == "started"
    vendor.on("POST", f"{WORKFLOWS}/submit", reply(200, {"metadata": {}}))
    assert (await start(vendor, ARGO, token="t")).reason == "UnknownAnswer"
    vendor.on("POST", f"{WORKFLOWS}/submit", reply(403, {"message": "not allowed"}))
    assert (await start(vendor, ARGO, token="t")).reason == "Unauthorized"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ({}, "waiting"),
        ({"phase": "Pending"}, "waiting"),
        ({"phase": "Running"}, "running"),
        ({"phase": "Succeeded"}, "succeeded"),
        ({"phase": "Failed"}, "failed"),
        ({"phase": "Error"}, "failed"),
        ({"phase": "Dreaming"}, "unknown"),
    ],
)
async def test_argo_says_how_it_does(vendor: VendorServer, status: Mapping[str, str], kind: str) -> None:
    vendor.on("GET", f"{WORKFLOWS}/{RUN_ID}", reply(200, {"metadata": {"name": RUN_ID}, "status": status}))
    assert (await look(vendor, ARGO)).kind == kind


async def test_what_a_system_says_of_a_run_is_as_short_as_an_event_takes_it(vendor: VendorServer) -> None:
    endless = {"metadata": {"name": "n\0" * 2**18}, "status": {"phase": "p" * 2**20}}
    vendor.on("POST", f"{WORKFLOWS}/submit", reply(200, endless))
    begun = (await start(vendor, ARGO, token="t")).run
    assert begun is not None
    assert len(begun.model_dump_json()) < 3000
    runs = [{"id": ID.hex, "name": str(ID), "html_url": "javascript:alert(1)", "status": "in_progress"}]
    vendor.on("GET", f"{REPOSITORY}/actions/runs", lambda _: reply(200, {"workflow_runs": runs}))
    assert (await look(vendor, GITHUB, RetrainingRun())).kind == "unknown"  # GitHub counts its runs
    runs[0] |= {"id": 7}  # type: ignore[dict-item]
    assert (await look(vendor, GITHUB, RetrainingRun())).run == RetrainingRun(id="7", state="in_progress")


# ── GitHub ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_github_gets_a_dispatch_of_at_most_ten_keys(vendor: VendorServer) -> None:
    vendor.on("POST", f"{REPOSITORY}/dispatches", reply(204))
    outcome = await start(vendor, GITHUB, token="ghp")
    assert (outcome.kind, outcome.run) == ("started", RetrainingRun())
    (heard,) = vendor.heard
    assert heard.headers["authorization"] == "Bearer ghp"
    assert heard.headers["user-agent"] == "penstock"
    assert heard.json["event_type"] == "penstock-retrain"
    assert len(heard.json["client_payload"]) <= 10
    assert heard.json["client_payload"]["retraining_id"] == str(ID)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (reply(200, {}), "retry", "UnknownAnswer"),
        (reply(404, {"message": "Not Found"}), "rejected", "NotFound"),
        (reply(401, {"message": "Bad credentials"}), "rejected", "Unauthorized"),
        (reply(422, {"message": "No more than 10 properties are allowed"}), "rejected", "Refused"),
        (reply(403, {"message": "rate limit"}, x_ratelimit_remaining="0"), "retry", "Unavailable"),
    ],
)
async def test_github_does_not_take_it(vendor: VendorServer, answer: Reply, kind: str, reason: str) -> None:
    vendor.on("POST", f"{REPOSITORY}/dispatches", answer)
    outcome = await start(vendor, GITHUB, token="ghp")
    assert (outcome.kind, outcome.reason) == (kind, reason)


async def test_a_run_of_github_is_found_by_its_title(vendor: VendorServer) -> None:
    runs: list[dict[str, Any]] = [{"id": 4, "display_title": "retrain", "status": "completed", "conclusion": "success"}]
    asked: list[str] = []

    def listed(heard: Heard) -> Reply:
        asked.append(heard.path)
        return reply(200, {"workflow_runs": runs})

    vendor.on("GET", f"{REPOSITORY}/actions/runs", listed)
    assert (await look(vendor, GITHUB, RetrainingRun())).kind == "unknown"
    assert "event=repository_dispatch" in asked[0]
    assert "created=%3E%3D2026-05-01T12:00:00Z" in asked[0]
    runs.append({"id": 5, "display_title": f"retrain {ID}", "status": "in_progress", "html_url": "https://g/5"})
    found = await look(vendor, GITHUB, RetrainingRun())
    assert (found.kind, found.run) == ("running", RetrainingRun(id="5", url="https://g/5", state="in_progress"))
    for conclusion, kind in (("success", "succeeded"), ("failure", "failed"), ("cancelled", "cancelled")):
        vendor.on(
            "GET",
            f"{REPOSITORY}/actions/runs/5",
            reply(200, {"id": 5, "status": "completed", "conclusion": conclusion}),
        )
        assert (await look(vendor, GITHUB, RetrainingRun(id="5"))).kind == kind
    vendor.on("POST", f"{REPOSITORY}/actions/runs/5/cancel", reply(202, {}))
    told = await SYSTEM.cancel(trigger(vendor, GITHUB), EVIDENCE, RetrainingRun(id="5"), access(token="t"))
    assert told == "told"
