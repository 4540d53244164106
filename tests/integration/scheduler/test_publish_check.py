"""What a pod found out about its model travels with the news that it is ready; doubts are told as warnings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eventually import eventually
from nats_process import NatsProcess
from scheduler_service import controlling, scheduling, settings_for
from scheduler_world import wanted
from shared.contracts.deployment import PublishCheck
from shared.events import PodNoted, PodReady, VersionStarted

FOUND: dict[str, Any] = {
    "load_ms": 812.5,
    "example": {"status": "failed", "rows": 1, "duration_ms": None, "message": "unknown column"},
    "row_wise": False,
    "row_wise_reason": "probe",
    "has_signature": True,
}
DOUBTS = [("warning", "ExampleFailed"), ("warning", "RowsNotIndependent")]


@pytest.mark.parametrize(
    ("said", "check", "doubts"),
    [
        (json.dumps(FOUND), FOUND, DOUBTS),
        (json.dumps(FOUND | {"row_wise_reason": "flavour"}), FOUND | {"row_wise_reason": "flavour"}, DOUBTS[:1]),
        ('{"load_ms": "quickly"}', None, []),
        ("\x00 no JSON", None, []),
        (json.dumps(FOUND | {"filler": "x" * 100_000}), None, []),
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

        def warned() -> list[tuple[str, str]]:
            reasons = {reason for _, reason in DOUBTS}
            return [(note.level, note.reason) for note in controller.said(PodNoted) if note.reason in reasons]

        await eventually(lambda: warned() == doubts)
