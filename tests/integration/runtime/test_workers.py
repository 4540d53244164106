"""Processes that predict beside the server: health, prints, death and replacement."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest


def rows(*words: tuple[float, str]) -> dict[str, Any]:
    return {"dataframe_split": {"columns": ["x", "word"], "data": [list(word) for word in words]}}


def workers_of(pod: Any) -> list[int]:
    """The workers' process ids: the template's children."""
    (template,) = psutil.Process(pod.process.pid).children()
    return [process.pid for process in template.children()]


@pytest.fixture(scope="module")
def slow(models: Path, tmp_path_factory: pytest.TempPathFactory, forked_pod: Any) -> Any:
    """A pod with two workers, whose model was made to be seen as slow."""
    pod = forked_pod(models / "whims", tmp_path_factory.mktemp("slow") / "log", "--workers", "2")
    yield pod.ready()
    pod.kill()


def make_slow(pod: Any) -> None:
    assert pod.predict(rows((0.3, "sleep"))).status == 200


async def test_health_is_answered_while_a_predict_holds_the_interpreter(slow: Any) -> None:
    await asyncio.to_thread(make_slow, slow)
    predict = asyncio.create_task(asyncio.to_thread(slow.predict, rows((1.5, "hold"))))
    pings = 0
    while not predict.done():
        assert (await asyncio.to_thread(slow.ask, "GET", "/ping")).status == 200
        pings += 1
        await asyncio.sleep(0.02)
    assert (await predict).status == 200
    assert pings > 10, "a server that shares the interpreter with its model answers about one"


async def test_workers_predict_side_by_side(slow: Any) -> None:
    await asyncio.to_thread(make_slow, slow)
    ask = [asyncio.to_thread(slow.predict, rows((1.0, "sleep"), (0.0, "inline"))) for _ in range(1)]
    other = [asyncio.to_thread(slow.predict, {**rows((1.0, "sleep"), (0.0, "inline")), "params": {"factor": 3.0}})]
    pids = [reply.json["predictions"][1] for reply in await asyncio.gather(*ask, *other)]
    assert len(set(pids)) == 2
    assert slow.process.pid not in pids


FILTERED = """
import ctypes, os, sys
from scheduler.backends.confinement.syscall_filter import install_filter
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
install_filter(sockets=True)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_workers_start_where_io_uring_is_refused(models: Path, tmp_path: Path, pod_class: Any) -> None:
    """As under confinement: libuv's signal pipe has lower numbers there, and each fork closes these two."""
    pod = pod_class(models / "whims", tmp_path / "log", launch=(sys.executable, "-c", FILTERED))
    try:
        make_slow(pod.ready())
        assert pod.predict(rows((2.0, "double"))).status == 200
        assert "ended before it had the model" not in pod.output
    finally:
        pod.kill()


def test_prints_in_a_worker_carry_the_request_id(slow: Any) -> None:
    make_slow(slow)
    slow.predict(rows((7.0, "print")), X_Request_Id="far-1")
    slow.wait_for(lambda: "[request_id=far-1] complained for 7.0" in slow.output)
    assert "[request_id=far-1] printed for 7.0" in slow.output


def test_a_body_that_kills_workers_is_an_error_and_hurts_nobody(slow: Any) -> None:
    for _ in range(3):
        make_slow(slow)
        reply = slow.predict(rows((1.0, "die")), X_Request_Id="deadly")
        assert (reply.status, reply.json["error_code"]) == (500, "MODEL_ERROR")
        assert "ended, twice (exit code 9" in reply.json["message"]
        assert "trace" not in reply.json["message"]
        assert slow.predict(rows((2.0, ""))).json["predictions"] == [4.0]
    slow.wait_for(lambda: len(workers_of(slow)) == 2)
    said = "[request_id=deadly] a worker ended while it predicted: exit code 9; it had up to "
    slow.wait_for(lambda: slow.output.count(said) == 6)
    report = slow.ask("GET", "/check").json
    assert report["worker_deaths"] == report["revision"] == 6
    assert report["last_worker_death"].startswith("worker exit code 9")
    assert {event["reason"] for event in report["events"]} == {"WorkerEnded"}
    assert "; requests: deadly" in report["events"][-1]["message"]
    assert slow.ask("GET", "/ping").headers["x-penstock-revision"] == "6"


async def test_those_who_share_a_batch_with_a_killer_are_answered(slow: Any) -> None:
    await asyncio.to_thread(make_slow, slow)
    busy = [asyncio.to_thread(slow.predict, {**rows((0.5, "sleep")), "params": {"factor": f}}) for f in (5.0, 6.0)]
    words = ["", "die", "", ""]
    asked = [asyncio.to_thread(slow.predict, rows((float(i), word))) for i, word in enumerate(words)]
    replies = (await asyncio.gather(*busy, *asked))[2:]
    assert [reply.status for reply in replies] == [200, 500, 200, 200]
    assert [replies[i].json["predictions"] for i in (0, 2, 3)] == [[0.0], [4.0], [6.0]]


def test_a_killed_worker_is_replaced(slow: Any) -> None:
    make_slow(slow)
    slow.wait_for(lambda: len(workers_of(slow)) == 2)
    before = workers_of(slow)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    slow.wait_for(lambda: len(workers_of(slow)) == 2 and not set(workers_of(slow)) & set(before))
    slow.wait_for(lambda: "a worker ended while it waited: killed by SIGKILL" in slow.output)
    assert slow.predict(rows((2.0, ""))).json["predictions"] == [4.0]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_server(start: Any, how: int) -> None:
    pod = start("whims", "--workers", "2").ready()
    make_slow(pod)
    left = psutil.Process(pod.process.pid).children(recursive=True)
    assert len(left) == 3
    pod.process.send_signal(how)
    pod.process.wait(timeout=30)
    _, alive = psutil.wait_procs(left, timeout=30)
    assert not alive


def test_without_its_template_a_pod_starts_workers_that_load_the_model_themselves(start: Any) -> None:
    pod = start("whims").ready()
    make_slow(pod)
    (template,) = psutil.Process(pod.process.pid).children()
    template.kill()
    pod.wait_for(lambda: "they load the model themselves" in pod.output)
    reply = pod.predict(rows((2.0, ""), (0.0, "inline")))
    assert reply.json["predictions"][0] == 4.0
    assert reply.json["predictions"][1] in {process.pid for process in psutil.Process(pod.process.pid).children()}
    assert pod.stop() == 0
