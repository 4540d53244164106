"""The control API does what its OpenAPI document says, whatever is asked: statuses, types, shapes, and never a 5xx.

Schemathesis derives the requests from the document; the same ones in every run, many more and random with `FUZZ=long`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.openapi import from_dict
from schemathesis.schemas import BaseSchema

from platforms.running_platform import Platform
from test_run import lazy_cases

pytestmark = pytest.mark.timeout(900)

Case = schemathesis.Case[Any]
IS_LONG = os.environ.get("FUZZ") == "long"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
    "use_after_free",
)
MODEL = {"kind": "mlflow", "model": "wine_quality", "version": "1"}
FUZZED = settings(
    max_examples=300 if IS_LONG else 8,
    derandomize=not IS_LONG,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())
"""As `deploy/openapi.py` has written it: no process of a test run has to make it anew."""
lazy_cases.install()


@pytest.fixture(autouse=True)
def _cases(request: pytest.FixtureRequest) -> None:
    lazy_cases.put_in(request.node)


def schema_of(**parameters: str) -> BaseSchema:
    """The document with these parameters of paths fixed. Logs are not followed: that answer has no end."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "request-timeout": 30,
            "parameters": {"query.follow": False} | {f"path.{name}": value for name, value in parameters.items()},
            "checks": {"enabled": False} | {check: {"enabled": True} for check in CHECKS},
            # Requests are made of the document alone: nothing of what is found in a registry is published.
            "analysis": {"constants": {"enabled": False}},
            "phases": {
                "coverage": {"enabled": IS_LONG},
                "fuzzing": {"extra-data-sources": {"responses": False}, "error-feedback": {"enabled": False}},
            },
        }
    )
    return from_dict(deepcopy(DOCUMENT), config=config)


@schemathesis.serializer("application/vnd.apache.parquet", "application/x-ndjson")
def _as_lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """One line of JSON, which is no Parquet file."""
    return value if isinstance(value, bytes) else json.dumps(value, default=str).encode()


anything = schema_of()
running = schema_of(service="wine-quality", version="v1", model="wine_quality", table="wine-quality.payload")
draft = schema_of(service="drafted", version="v1")


class Api:
    """Sends cases to the platform, with its token."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.url = platform, platform.api_url.removesuffix("/api/v1")
        self.services = self.pids()
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {platform.token}"

    def pids(self) -> dict[str, int]:
        """Of the platform's own processes."""
        return {p["name"]: p["pid"] for p in self.platform.status()["processes"] if "pod" not in p}

    def check(self, case: Case) -> int:
        return case.call_and_validate(base_url=self.url, session=self.session).status_code

    def draft(self) -> str:
        """See that the service `drafted` has its version v1 and one key, whatever was done before; the key's id."""
        service = f"{self.platform.api_url}/services/drafted"
        self._see_that(f"{self.platform.api_url}/services", {"name": "drafted"})
        self._see_that(f"{service}/versions", {"name": "v1", "model_source": MODEL})
        for key in self.session.get(f"{service}/keys").json()["items"]:
            self.session.delete(f"{service}/keys/{key['id']}")
        return str(self.session.post(f"{service}/keys", json={"name": "ci"}).json()["id"])

    def _see_that(self, url: str, there_is: Any) -> None:
        answer = self.session.post(url, json=there_is)
        assert answer.status_code in (201, 409), answer.text


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[Api]:
    platform.publish("wine-quality", "wine_quality")
    api = Api(platform)
    with api.session:
        yield api


def test_the_document_is_the_one_that_is_served(api: Api) -> None:
    assert httpx.get(f"{api.platform.api_url}/openapi.json").json() == DOCUMENT, "run deploy/openapi.py"


# `/changes` answers without an end, and has tests of its own.
@anything.exclude(path_regex="/changes$").parametrize()
@FUZZED
def test_any_request(case: Case, api: Api) -> None:
    assert api.check(case) < 500


@running.include(method="GET", path_regex="{(service|model|table)}").parametrize()
@FUZZED
def test_what_is_read_of_a_running_version(case: Case, api: Api) -> None:
    assert api.check(case) < 500


@pytest.fixture
def drafted(api: Api) -> Api:
    api.draft()
    return api


# A start would run what the bodies before it asked for, a thousand replicas among others.
@draft.include(path_regex="{service}").exclude(method="GET").exclude(path_regex="/start$").parametrize()
@FUZZED
def test_what_is_changed_of_a_draft(case: Case, drafted: Api) -> None:
    if case.method == "DELETE" or "key_id" in case.path_parameters:
        key_id = drafted.draft()
        if "key_id" in case.path_parameters:
            case.path_parameters["key_id"] = key_id
    assert drafted.check(case) < 500


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/services/wine-quality/metrics?metric=requests_per_second&to=0001-01-01T00:00:00Z", None),
        ("GET", "/services/wine-quality/logs?from=0001-01-01T00:00:00%2B23:00", None),
        ("GET", "/services/wine-quality/logs?to=9999-12-31T23:59:59-23:00", None),
        ("POST", "/services/wine-quality/keys", {"name": "late", "expires_at": "9999-12-31T23:59:59-23:00"}),
        ("GET", "/models?cursor=nonsense", None),
        ("GET", "/models?cursor=%C2%8C", None),
        ("GET", "/services?cursor=%C2%8C", None),
    ],
)
def test_times_at_the_calendars_ends_and_foreign_cursors_are_400(api: Api, method: str, path: str, sent: Any) -> None:
    answer = api.session.request(method, f"{api.platform.api_url}{path}", json=sent)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_stopping_and_starting_answer_as_documented(api: Api) -> None:
    for path in ("/services/{service}/versions/{version}", "/services/{service}"):
        for verb, status in (("stop", "stopped"), ("start", "running")):
            operation = running[f"/api/v1{path}/{verb}"]["POST"]
            assert api.check(operation.Case(path_parameters={"service": "wine-quality", "version": "v1"})) == 200
            api.platform.wait_version("wine-quality", "v1", status)


def test_every_process_is_still_the_first_one(api: Api) -> None:
    assert {"controller", "scheduler", "monitor", "inference-logger", "router"} <= api.services.keys()
    assert api.pids() == api.services
    assert [process for process in api.platform.status()["processes"] if "pod" in process and process["restarts"]] == []
