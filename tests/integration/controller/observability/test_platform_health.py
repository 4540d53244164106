"""How the platform is: who answers, who is away, and within a second."""

from __future__ import annotations

import time
from typing import Any

from controller.domain.platform import KnownProcesses, backlog_of
from operations.someone import someone
from running_services.running_controller import Controller, Peers
from servers.nats_process import NatsProcess
from shared.bus import Bus
from shared.bus.status import StatusReporter
from shared.clock import SystemClock
from shared.contracts.rpc.status import LoggerBacklog, ServiceStatus, SpoolFill


def states(found: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["state"] for each in found["services"]}


async def test_who_answers_runs_and_who_does_not_is_away(
    controller: Controller, peers: Peers, nats_server: NatsProcess
) -> None:
    clock = SystemClock()
    spool = SpoolFill(bytes=16, max_bytes=64, oldest_age_s=2.5)
    status = StatusReporter("router-0", clock.now(), spool=lambda: spool)
    router = Bus("router", nats_server.url, clock=clock, status=status)

    async def backlog() -> LoggerBacklog:
        return LoggerBacklog(pending=3, unacked=2, oldest_age_s=1.5)

    peers.logger.status.backlog = backlog
    peers.scheduler.status.problem = lambda: "the container engine does not answer"
    task = await peers.run(router)
    found = await controller.call("GET", "/platform")
    assert set(states(found).values()) == {"running"}
    assert list(states(found)) == [
        *("controller", "inference-logger", "monitor", "router-0", "scheduler"),
        *("nats", "mlflow"),
    ]
    assert all(each["version"] for each in found["services"])
    problems = {each["name"]: each["problem"] for each in found["services"] if each["problem"]}
    assert problems == {"scheduler": "the container engine does not answer"}
    assert found["spool"] == [{"router": "router-0", **spool.model_dump()}]
    assert found["inference_logger"] == {"pending": 3, "unacked": 2, "oldest_age_s": 1.5}
    assert found["dead_letters"] == 0
    streams = {each["name"]: each for each in found["streams"]}
    assert {"EVENTS", "REQUESTS", "LOGS", "LOGTOPICS", "METRICS", "DEAD", "KV_routes", "KV_routers"} == set(streams)
    assert 0 <= streams["EVENTS"]["fill"] < 0.01
    assert streams["EVENTS"]["max_bytes"] == 4 * 1024**3
    store = found["stores"][0]
    assert store["service"] == "controller"
    assert store["bytes"] > 10_000

    await peers.end(task)
    await peers.say_raw("version.ready", b"no fact")
    began = time.monotonic()
    found = await controller.call("GET", "/platform")
    assert time.monotonic() - began < 2
    assert states(found)["router-0"] == "away"
    assert states(found)["scheduler"] == "running"
    assert found["spool"][0]["router"] == "router-0"  # as it last said


def test_a_router_that_is_wanted_and_never_answered_is_away() -> None:
    known = KnownProcesses(["0", "1"])
    answered = ServiceStatus(name="router-0", version="1", since=SystemClock().now())
    known.note([answered], SystemClock().now())
    shown = {each.name: each.is_running for each in known.states(["router-0"])}
    assert (shown["router-0"], shown["router-1"], "router" in shown) == (True, False, False)
    everybody = {name: answered for name in ("scheduler", "monitor", "inference-logger", "router-0")}
    assert not known.are_all_in(everybody)
    assert known.are_all_in(everybody | {"router-1": answered})


async def test_without_a_bus_it_says_so(offline: Controller) -> None:
    began = time.monotonic()
    found = await offline.call("GET", "/platform")
    assert time.monotonic() - began < 2
    away = {name for name, state in states(found).items() if state == "away"}
    assert away == {"scheduler", "monitor", "inference-logger", "router", "nats"}
    assert (found["streams"], found["spool"], found["dead_letters"]) == ([], [], None)
    assert found["inference_logger"] == {"pending": None, "unacked": None, "oldest_age_s": None}


async def test_only_administrators_are_told(offline: Controller) -> None:
    refused = await (await someone(offline, "ada", default="admin")).ask("GET", "/platform")
    assert (refused.status_code, refused.json()["error_code"]) == (403, "PERMISSION_DENIED")


def test_several_loggers_are_processes_of_their_own_and_what_waits_is_of_all() -> None:
    at = SystemClock().now()
    known = KnownProcesses(["0"], ["1", "2"])
    backlog = LoggerBacklog(pending=7, unacked=2, oldest_age_s=1.5)
    first = ServiceStatus(name="inference-logger-1", version="1", since=at, backlog=backlog)
    second = first.model_copy(
        update={"name": "inference-logger-2", "backlog": LoggerBacklog(pending=3, unacked=4, oldest_age_s=None)}
    )
    known.note([first], at)
    shown = {each.name: each.is_running for each in known.states([first.name]) if each.name.startswith("inference")}
    assert shown == {"inference-logger-1": True, "inference-logger-2": False}
    assert backlog_of({each.name: each for each in (first, second)}) == LoggerBacklog(
        pending=7, unacked=6, oldest_age_s=1.5
    )
    assert backlog_of({}) is None
