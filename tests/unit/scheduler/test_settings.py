"""Settings of the scheduler that only make sense together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from scheduler.settings import SchedulerSettings


@pytest.mark.parametrize(
    ("unready", "hung", "busy", "holds"),
    [(3, 15, 120, True), (5, 5, 5, True), (16, 15, 120, False), (3, 121, 120, False), (130, 125, 120, False)],
)
def test_a_silent_pod_loses_its_traffic_before_it_is_restarted_and_an_idle_one_before_a_busy_one(
    unready: int, hung: int, busy: int, holds: bool
) -> None:
    times = {"unready_after": unready, "hung_after": hung, "busy_after": busy}
    given = {name: timedelta(seconds=seconds) for name, seconds in times.items()}
    if holds:
        limits = SchedulerSettings(**given).probe_limits  # type: ignore[arg-type]
        assert (limits.unready_after_s, limits.hung_after_s, limits.busy_after_s) == (unready, hung, busy)
    else:
        with pytest.raises(ValidationError, match="does not hold"):
            SchedulerSettings(**given)  # type: ignore[arg-type]


def test_the_default_backend_is_one_of_those_that_are_ready_and_comes_first() -> None:
    assert SchedulerSettings().ready_backends == ("process",)
    given = SchedulerSettings.model_validate({"backend": "process", "backends": "docker, process"})
    assert given.ready_backends == ("process", "docker")
    assert (given.has("docker"), given.has("kubernetes")) == (True, False)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"backends": "process,kubernetes"}, "kubernetes_image is empty"),
        ({"backends": "process,docker", "docker_host": "tcp://elsewhere:2375"}, "not a socket of this machine"),
        ({"backends": "podman"}, "docker"),
    ],
)
def test_backends_that_cannot_be_ready_together_are_refused(given: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SchedulerSettings.model_validate(given)
