"""One request whole, and the start of a pod: what the owners of both answer, put together."""

from __future__ import annotations

from typing import Any

from running_services.running_controller import Controller, Peers, wine
from shared.clock import SystemClock
from shared.contracts.rpc.monitor import LogEntry, LogPage, LogsQuery
from shared.errors import Unavailable

ROW: dict[str, Any] = {
    "request_id": "team/a:1",
    "request_time": "2026-03-01T12:00:00+00:00",
    "execution_duration_ms": 12,
    "status_code": 200,
    "request": "{}",
    "pod": "wine-v1-0",
    "version": "v1",
    "trace_id": "t1",
}


async def test_a_request_is_its_row_and_what_was_printed_for_it(controller: Controller, peers: Peers) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    line = LogEntry(at=SystemClock().now(), version="v1", pod="wine-v1-0", run=0, text="hello", request_id="team/a:1")
    peers.stored = lambda _: LogPage(items=(line,))
    path = "/services/wine/requests/team%2Fa:1"
    missing = await controller.call("GET", path, 404)
    assert "is not in the inference table of 'wine'" in missing["message"]

    peers.rows = (ROW, {**ROW, "request_id": "unanswered", "pod": None})
    found = await controller.call("GET", path)
    assert found["payload"] == ROW
    assert [each["text"] for each in found["log_lines"]] == ["hello"]
    assert (found["request_id"], found["pod"], found["version"], found["trace_id"]) == (
        "team/a:1", "wine-v1-0", "v1", "t1",
    )  # fmt: skip
    (asked,) = peers.asked_logs
    assert (asked.request_id, asked.pod, asked.limit, asked.is_oldest_first) == ("team/a:1", "wine-v1-0", 200, True)
    assert asked.from_time is not None
    assert asked.from_time.isoformat() == "2026-03-01T11:59:55+00:00"

    unanswered = await controller.call("GET", "/services/wine/requests/unanswered")
    assert (unanswered["log_lines"], unanswered["pod"]) == ([], None)
    peers.stored = refuse
    assert (await controller.call("GET", path))["log_problem"] == "the lines are away"
    for wrong, status in (("/services/wine/requests/a%2Cb", 400), ("/services/nobody/requests/a", 404)):
        await controller.call("GET", wrong, status)


def refuse(_: LogsQuery) -> LogPage:
    raise Unavailable("the lines are away")


async def test_the_start_of_a_pod(controller: Controller, peers: Peers) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    path = "/services/wine/versions/v1/pods"
    found = await controller.call("GET", f"{path}/wine-v1-0/timeline")
    assert (found["pod"], found["state"], found["ready_at"]) == ("wine-v1-0", "starting", None)
    assert [(each["name"], each["duration_s"], each["state"]) for each in found["phases"]] == [
        ("placed", 1.5, "done"),
        ("model", None, "running"),
    ]
    await controller.call("GET", f"{path}/nobody/timeline", 404)
    await controller.call("GET", "/services/wine/versions/v9/pods/wine-v1-0/timeline", 404)
