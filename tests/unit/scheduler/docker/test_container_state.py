"""What engines of several versions say of a container, in our words."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.backends.docker.runs.container_state import end_of, seen_in_list, unix_time
from scheduler.backends.docker.runs.stats import parse_stats

RUNNING = {"Status": "running", "Running": True, "ExitCode": 0, "FinishedAt": "0001-01-01T00:00:00Z"}


def ended(**changes: Any) -> dict[str, Any]:
    return RUNNING | {"Status": "exited", "Running": False, "FinishedAt": "1970-01-01T00:00:05.25Z"} | changes


@pytest.mark.parametrize("status", ["running", "paused", "restarting", "created"])
def test_what_runs_or_is_to_run_has_not_ended(status: str) -> None:
    assert end_of({"Status": status, "Running": status == "running"}, 9.0) is None


@pytest.mark.parametrize(
    ("code", "said"), [(0, (0, None)), (5, (5, None)), (137, (None, 9)), (143, (None, 15)), (255, (255, None))]
)
def test_an_exit_code_above_128_is_a_signal(code: int, said: tuple[int | None, int | None]) -> None:
    end = end_of(ended(ExitCode=code), 9.0)
    assert end is not None
    assert ((end.code, end.signal), end.at) == (said, 5.25)


def test_out_of_memory_is_said_as_such() -> None:
    end = end_of(ended(ExitCode=137, OOMKilled=True), 9.0)
    assert end is not None
    assert end.as_json() == {"code": None, "signal": 9, "at": 5.25, "oom": True}


def test_an_end_without_a_time_is_now() -> None:
    end = end_of(ended(FinishedAt="0001-01-01T00:00:00Z", Status="dead"), 9.0)
    assert end is not None
    assert end.at == 9.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01.123456789Z", 1.123456789),
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T02:00:01.5+02:00", 1.5),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        ("yesterday", None),
    ],
)
def test_times_of_engines(text: str, seconds: float | None) -> None:
    assert unix_time(text) == (None if seconds is None else pytest.approx(seconds))


def test_an_item_of_a_list_is_known_by_its_labels() -> None:
    labels = {"penstock.pod": "wine-v1-x", "penstock.run": "3", "penstock.gpus": "0,2"}
    item = {"Id": "c1", "Names": ["/penstock-i-wine-v1-x-3"], "State": "running", "Labels": labels}
    found = seen_in_list(item)
    assert (found.id, found.name, found.pod, found.run, found.gpus) == (
        "c1", "penstock-i-wine-v1-x-3", "wine-v1-x", 3, ("0", "2"),
    )  # fmt: skip
    assert found.is_alive
    foreign = seen_in_list({"Id": "c2", "Names": None, "State": "exited", "Labels": None})
    assert (foreign.pod, foreign.run, foreign.is_alive) == (None, None, False)


@pytest.mark.parametrize("idle", ["inactive_file", "total_inactive_file"])
def test_memory_in_use_is_without_the_cache_in_either_version_of_control_groups(idle: str) -> None:
    answer = {
        "cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000}},
        "memory_stats": {"usage": 900, "stats": {idle: 300}},
    }
    found = parse_stats(answer)
    assert (found.cpu_s, found.memory_bytes) == (2.5, 600)


@pytest.mark.parametrize("answer", [{"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}}, {}, None])
def test_a_container_that_has_ended_has_no_figures(answer: dict[str, Any] | None) -> None:
    found = parse_stats(answer)
    assert (found.cpu_s, found.memory_bytes) == (0.0, 0)
