"""Usage is the pods' true lifetimes, though pods crash and scheduler, controller and bus are killed meanwhile.

The yardstick is the kernel's: start times from its process table, ends by descriptors of the processes themselves.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from platforms.lifetimes import Lifetimes, Name
from platforms.running_platform import Platform, until
from scheduler.backends.lifecycle.folders.run_folder import RunFolder

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

SERVICE = "metered"
ROUNDS, ROUNDS_LONG = 2, 3
WITHIN_S = 1.0


@contextmanager
def every_run(platform: Platform, lifetimes: Lifetimes) -> Iterator[None]:
    """Watch each process of the service's pods from its first moments on."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.02):
            for path in platform.home.glob(f"pods/{SERVICE}-*/run-*"):
                name = (path.parent.name, int(path.name.removeprefix("run-")))
                if name not in lifetimes.started and (process := RunFolder(path, name[1]).process()):
                    lifetimes.watch(name, process.pid)

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield
    finally:
        stop.set()
        watching.join()


def pods(platform: Platform, version: str = "v1") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = platform.api("GET", f"/services/{SERVICE}/versions/{version}/pods")["items"]
    return items


def wait_whole(platform: Platform, version: str = "v1", replicas: int = 2) -> list[dict[str, Any]]:
    def whole() -> list[dict[str, Any]] | None:
        seen = pods(platform, version)
        return seen if [pod["ready"] for pod in seen] == [True] * replicas else None

    found: list[dict[str, Any]] = until(whole, within=90, what=f"{replicas} ready pods of {version}")
    return found


def killed(platform: Platform, name: str) -> None:
    """Kill a process of the platform; returns when another runs in its place."""
    wait_another(platform, name, platform.kill(name))


def wait_another(platform: Platform, name: str, old: int) -> None:
    """Another process than `old` runs under that name."""
    until(
        lambda: (p := platform.process(name))["pid"] not in (old, None) and p["state"] == "running",
        within=60,
        what=f"{name} running again",
    )


def usage(platform: Platform, **asked: str) -> list[dict[str, Any]]:
    """Every line; the test may run over the turn of a month."""
    span = {"from": "2020-01-01T00:00:00Z", "grain": "total", "service": SERVICE, "page_size": "1000"}
    items: list[dict[str, Any]] = platform.api("GET", "/usage", params=span | asked)["items"]
    return items


def test_usage_is_the_true_lifetime_of_every_run(platform: Platform, request: pytest.FixtureRequest) -> None:
    rounds = ROUNDS_LONG if request.config.getoption("--long") else ROUNDS
    lifetimes = Lifetimes()
    with every_run(platform, lifetimes):
        platform.publish(SERVICE, "wine_quality", replicas=2)
        kill_pods_and_schedulers(platform, rounds)
        killed(platform, "controller")
        os.kill(wait_whole(platform)[0]["pid"], signal.SIGKILL)
        killed(platform, "nats")
        open_runs = [line for line in usage(platform, group_by="run") if line["ended_at"] is None]
        wait_whole(platform)
        restart_by_hand_and_stop(platform)

    (key,) = platform.api("GET", f"/services/{SERVICE}/keys")["items"]
    assert key["last_used_at"] is not None
    platform.api("DELETE", f"/services/{SERVICE}")
    told = until(lambda: complete(platform, lifetimes), within=60, what="every run's end")

    # Two pods at first, two of each round, one killed and one restarted by hand, the second version's.
    assert len(told) >= 2 + 2 * rounds + 3
    assert len(open_runs) >= 1
    lifetimes.assert_equal(told, within_s=WITHIN_S)
    print_figures(lifetimes, told)
    seconds = sum((ended - started).total_seconds() for started, ended in told.values())
    by_version = usage(platform, group_by="version")
    assert Counter(line["version"] for line in by_version) == {"v1": 1, "v2": 1}
    assert sum(line["pod_seconds"] for line in by_version) == pytest.approx(seconds, abs=0.001 * len(told))
    assert sum(line["runs"] for line in by_version) == len(told)
    # 1C2G costs 0.046 an hour.
    assert sum(line["cost"] for line in by_version) == pytest.approx(seconds / 3600 * 0.046, abs=1e-5)


def kill_pods_and_schedulers(platform: Platform, rounds: int) -> None:
    """In each round a pod dies with no scheduler to see it, and another one while the next one starts."""
    wait_whole(platform)
    for _ in range(rounds):
        first, second = wait_whole(platform)
        old = platform.kill("scheduler")
        os.kill(first["pid"], signal.SIGKILL)
        wait_another(platform, "scheduler", old)
        os.kill(second["pid"], signal.SIGKILL)
        killed(platform, "scheduler")
        wait_whole(platform)


def restart_by_hand_and_stop(platform: Platform) -> None:
    """A pod is restarted, a second version's is killed while the service stops, and so is the scheduler."""
    pod = wait_whole(platform)[1]["name"]
    platform.api("POST", f"/services/{SERVICE}/versions/v1/pods/{pod}/restart")
    version = {"model_source": {"kind": "mlflow", "model": "wine_quality", "version": "1"}, "start": True}
    platform.api("POST", f"/services/{SERVICE}/versions", json=version)
    platform.wait_version(SERVICE, "v2", "running")
    until(lambda: wait_whole(platform)[1]["restarts"] > 0, within=60, what="the pod restarted")
    os.kill(wait_whole(platform, "v2", 1)[0]["pid"], signal.SIGKILL)
    platform.api("POST", f"/services/{SERVICE}/stop")
    killed(platform, "scheduler")
    for name in ("v1", "v2"):
        platform.wait_version(SERVICE, name, "stopped", 90)


def complete(platform: Platform, lifetimes: Lifetimes) -> dict[Name, tuple[datetime, datetime]] | None:
    """Start and end of each run as told; None while one that was watched is missing or still open."""
    lines = usage(platform, group_by="run")
    ends = {(line["pod"], line["run"]): line["ended_at"] for line in lines}
    if ends.keys() != lifetimes.started.keys() or not all(ends.values()):
        return None
    return {
        (line["pod"], line["run"]): (
            datetime.fromisoformat(line["started_at"]),
            datetime.fromisoformat(line["ended_at"]),
        )
        for line in lines
    }


def print_figures(lifetimes: Lifetimes, told: dict[Name, tuple[datetime, datetime]]) -> None:
    errors = [
        abs((told[name][1] - told[name][0]).total_seconds() - (span.ended - span.started))
        for name, span in lifetimes.spans.items()
    ]
    print(f"{len(told)} runs; usage is off by {1000 * max(errors):.0f} ms at most, {1000 * sum(errors):.0f} ms in all")
