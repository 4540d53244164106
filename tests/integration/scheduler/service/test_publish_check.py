"""What a pod found out about its model travels with the news that it is ready; doubts are told as warnings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from running_services.scheduler_service import controlling, scheduling, settings_for
from running_services.scheduler_world import wanted
from servers.nats_process import NatsProcess
from shared.contracts.deployment import ModelSignature, PublishCheck
from shared.events import PodChecked, PodNoted, PodReady, VersionStarted
from waiting.eventually import eventually

FOUND: dict[str, Any] = {
    "load_ms": 812.5,
    "example": {"status": "failed", "rows": 1, "duration_ms": None, "message": "unknown column"},
    "row_wise": False,
    "row_wise_reason": "dependent",
    "has_signature": True,
}
SIGNATURE = {"inputs": '[{"type": "double", "name": "alcohol", "required": true}]', "outputs": None, "params": None}
DOUBTS = [("warning", "ExampleFailed"), ("warning", "RowsNotIndependent")]


@pytest.mark.parametrize(
    ("said", "check", "doubts"),
    [
        (json.dumps(FOUND | {"signature": SIGNATURE}), FOUND, DOUBTS),
        (json.dumps(FOUND | {"row_wise_reason": "example"}), FOUND | {"row_wise_reason": "example"}, DOUBTS[:1]),
        ('{"load_ms": "quickly"}', None, []),
        ("\x00 no JSON", None, []),
        (json.dumps(FOUND | {"filler": "x" * 600_000}), None, []),
        (None, None, []),
    ],
)
async def test_the_check_is_told_where_it_is_one(
    home: Path, nats_server: NatsProcess, said: str | None, check: dict[str, Any] | None, doubts: list[Any]
) -> None:
    if said is not None:
        (home / "check").write_text(said)
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = wanted()
        controller.want(deployment)
        identity = deployment.model_dump(include={"service_id", "service", "version_id", "version"})
        await controller.say(VersionStarted.model_validate(identity | {"deployment": deployment}))
        await eventually(lambda: controller.said(PodReady), within=90)
        (ready,) = controller.said(PodReady)
        assert ready.check == (PublishCheck.model_validate(check) if check else None)
        assert ready.signature == (ModelSignature.model_validate(SIGNATURE) if said and "alcohol" in said else None)

        def warned() -> list[tuple[str, str]]:
            reasons = {reason for _, reason in DOUBTS}
            return [(note.level, note.reason) for note in controller.said(PodNoted) if note.reason in reasons]

        await eventually(lambda: warned() == doubts)


async def test_what_changes_in_a_pod_that_runs_is_told_once(home: Path, nats_server: NatsProcess) -> None:
    (home / "check").write_text(json.dumps(FOUND | {"row_wise": True, "row_wise_reason": "example"}))
    async with controlling(nats_server) as controller:
        deployment = wanted()
        controller.want(deployment)
        settings = settings_for(home, nats_server.url)
        async with scheduling(settings):
            identity = deployment.model_dump(include={"service_id", "service", "version_id", "version"})
            await controller.say(VersionStarted.model_validate(identity | {"deployment": deployment}))
            await eventually(lambda: controller.said(PodReady), within=90)
            report_change(home)
            await eventually(lambda: controller.said(PodChecked), within=30)
        async with scheduling(settings):  # which reads the report again, and has nothing to add
            report_change(home, revision=3)
            await eventually(lambda: len(controller.said(PodChecked)) == 2, within=30)
    (checked, _) = controller.said(PodChecked)
    assert (checked.check.row_wise, checked.check.row_wise_reason) == (False, "dependent")
    assert (checked.ready_replicas, checked.desired_replicas) == (1, 1)
    told = [(note.level, note.message) for note in notes_of(controller, "WorkerEnded", "RowsNotIndependent")]
    assert told == [("warning", "event 1"), ("warning", "event 2"), ("warning", "event 3")]


def report_change(home: Path, revision: int = 2) -> None:
    """The pod has stopped sharing, and a worker of its has ended."""
    reasons = ("RowsNotIndependent", "WorkerEnded", "WorkerEnded")
    events = [
        {"revision": i, "level": "warning", "reason": reasons[i - 1], "message": f"event {i}"}
        for i in range(1, revision + 1)
    ]
    (home / "check").write_text(json.dumps(FOUND | {"revision": revision, "worker_deaths": 1, "events": events}))
    (home / "revision").write_text(str(revision))


def notes_of(controller: Any, *reasons: str) -> list[PodNoted]:
    return [note for note in controller.said(PodNoted) if note.reason in reasons]
