"""What Argo's answers to a start mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from monitor.domain.retraining.http import HttpAnswer
from monitor.domain.retraining.vendors.argo import ArgoVendor
from monitor.domain.retraining.vendors.port import Ask
from shared.contracts.retraining import ArgoAction, RetrainingEvidence, RetrainingRun

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
EVIDENCE = RetrainingEvidence(id=UUID(int=9), service="wine", trigger="drifted", cause="manual", requested_at=NOON)
ASK = Ask(EVIDENCE, {}, NOON)
ARGO = ArgoVendor(ArgoAction(url="https://argo/", namespace="ml", template="train"))
NAMED = json.dumps({"metadata": {"name": "w"}, "status": {"phase": "Pending"}}).encode()


def test_a_workflow_that_was_accepted_is_known_by_its_name() -> None:
    run = RetrainingRun(id="w", url="https://argo/workflows/ml/w", state="Pending")
    assert ARGO.started(HttpAnswer(200, NAMED), ASK).run == run


def test_one_that_is_there_already_is_the_one_that_was_asked_for() -> None:
    found = ARGO.started(HttpAnswer(409), ASK)
    assert found.run == RetrainingRun(id=ASK.run_id, url=f"https://argo/workflows/ml/{ASK.run_id}")


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (HttpAnswer(403, NAMED), "rejected", "Unauthorized"),
        (HttpAnswer(400, NAMED), "rejected", "Refused"),
        (HttpAnswer(503, NAMED), "retry", "Unavailable"),
        (HttpAnswer(200, b"<html>"), "retry", "UnknownAnswer"),
        (HttpAnswer(200, b'{"metadata": {}}'), "retry", "UnknownAnswer"),
    ],
)
def test_nothing_counts_as_started_that_argo_did_not_accept(answer: HttpAnswer, kind: str, reason: str) -> None:
    found = ARGO.started(answer, ASK)
    assert (found.kind, found.reason, found.run) == (kind, reason, None)
