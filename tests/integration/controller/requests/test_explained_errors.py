"""What is not accepted says what would be: names of fields and parameters, kinds, values."""

from __future__ import annotations

from typing import Any

import pytest

from running_services.running_controller import Controller, wine

SOURCE = {"kind": "mlflow", "model": "wine", "version": "1"}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "of an object": (
        wine(rate_limit={"qps": 5, "mode": "queue"}),
        "body.rate_limit.mode: unknown field; there are: qps, burst, on_limit, queue_timeout_ms",
    ),
    "a slip": (wine(max_concurency=5), "body.max_concurency: unknown field; there are: max_concurrency, "),
    "of one kind of a union": (
        wine(resource_source={"kind": "shared", "spce": "1C2G"}),
        "body.resource_source.shared.spce: unknown field; there are: spec, kind",
    ),
    "a kind": (
        wine(resource_source={"kind": "grup"}),
        "body.resource_source: there is no kind 'grup'; there are: 'shared', 'group'",
    ),
    "of one way to say it": (
        wine(replicas={"min": 0, "maximum": 2}),
        "body.replicas.range.maximum: unknown field; there are: max, min, target_concurrency",
    ),
    "a value": (
        wine(rate_limit={"qps": 5, "on_limit": "wait"}),
        "body.rate_limit.on_limit: there are: 'reject' or 'queue'; not 'wait'",
    ),
    "of the model": (
        {"model_source": SOURCE | {"verison": "1"}},
        "body.model_source.mlflow.verison: unknown field; there are: version, ",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_what_is_not_accepted_names_what_would_be(on_sqlite: Controller, kind: str) -> None:
    await on_sqlite.call("POST", "/services", 201, json={"name": "wine"})
    body, expected = WRONG[kind]
    refused = await on_sqlite.call("POST", "/services/wine/versions", 400, json=body)
    told = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in refused["details"]]
    assert [line for line in told if line.startswith(expected)], told
    assert refused["message"] in told


async def test_an_unknown_parameter_names_those_that_there_are(on_sqlite: Controller) -> None:
    refused = await on_sqlite.call("GET", "/services", 400, params={"serch": "wine"})
    assert refused["message"].startswith("query.serch: unknown parameter; there are: search, ")
    await on_sqlite.call("POST", "/services", 201, json={"name": "wine"})
    refused = await on_sqlite.call("GET", "/services/wine/logs", 400, params={"page": 5})
    assert "page_size" in refused["message"]
    assert "follow" in refused["message"]
