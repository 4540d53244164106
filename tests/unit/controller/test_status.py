"""Status is derived: every status of a version and a service has its case, and stale facts change nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.services.status import (
    DesiredState,
    Observation,
    ServiceStatus,
    VersionStatus,
    next_observation,
    service_status,
    supersedes,
    version_status,
)

READY = Observation(1, "running", 2, was_ready=True)


@pytest.mark.parametrize(
    ("wanted", "generation", "replicas", "seen", "status"),
    [
        (DesiredState.DRAFT, 0, 1, None, "draft"),
        (DesiredState.STARTED, 1, 2, None, "starting"),
        (DesiredState.STARTED, 1, 2, Observation(1, "starting", 1, was_ready=False), "starting"),
        (DesiredState.STARTED, 1, 2, READY, "running"),
        (DesiredState.STARTED, 1, 2, Observation(1, "running", 3, was_ready=True), "running"),
        (DesiredState.STARTED, 1, 2, Observation(1, "running", 1, was_ready=True), "degraded"),
        (DesiredState.STARTED, 1, 2, Observation(1, "running", 0, was_ready=True), "degraded"),
        (DesiredState.STARTED, 1, 2, Observation(1, "starting", 0, was_ready=True), "degraded"),
        (DesiredState.STARTED, 1, 2, Observation(1, "failed", 0, was_ready=False), "failed"),
        (DesiredState.STARTED, 2, 2, READY, "updating"),
        (DesiredState.STARTED, 3, 2, Observation(1, "failed", 0, was_ready=False), "starting"),
        (DesiredState.STARTED, 3, 2, Observation(2, "stopped", 0, was_ready=False), "starting"),
        (DesiredState.STARTED, 1, 0, None, "running"),
        (DesiredState.STARTED, 1, 0, Observation(1, "failed", 0, was_ready=False), "failed"),
        (DesiredState.STOPPED, 2, 2, READY, "stopping"),
        (DesiredState.STOPPED, 2, 2, None, "stopping"),
        (DesiredState.STOPPED, 3, 2, Observation(2, "stopped", 0, was_ready=False), "stopping"),
        (DesiredState.STOPPED, 2, 2, Observation(2, "stopped", 0, was_ready=False), "stopped"),
    ],
)
def test_status_of_a_version(
    wanted: DesiredState, generation: int, replicas: int, seen: Observation | None, status: str
) -> None:
    assert version_status(wanted, generation, replicas, seen) == status


@pytest.mark.parametrize(
    ("versions", "status"),
    [
        ([], "draft"),
        (["draft"], "draft"),
        (["draft", "starting"], "starting"),
        (["running"], "running"),
        (["running", "starting"], "running"),
        (["running", "stopping"], "running"),
        (["running", "failed"], "degraded"),
        (["running", "degraded"], "degraded"),
        (["degraded"], "degraded"),
        (["running", "updating"], "updating"),
        (["failed", "stopped"], "failed"),
        (["failed", "starting"], "starting"),
        (["stopping", "stopped"], "stopping"),
        (["stopped", "draft"], "stopped"),
    ],
)
def test_status_of_a_service(versions: list[str], status: str) -> None:
    assert service_status(map(VersionStatus, versions)) == ServiceStatus(status)


@pytest.mark.parametrize(
    ("seen_generation", "new", "intended", "taken"),
    [(None, 1, 1, True), (1, 1, 1, True), (2, 1, 2, False), (1, 2, 2, True), (1, 3, 2, False), (None, 1, 0, False)],
)
def test_only_facts_of_known_and_not_older_generations_count(
    seen_generation: int | None, new: int, intended: int, taken: bool
) -> None:
    seen = None if seen_generation is None else Observation(seen_generation, "running", 1, was_ready=True)
    assert supersedes(seen, new, intended) is taken


def test_having_been_ready_is_remembered_over_a_rollout_and_forgotten_at_a_stop() -> None:
    rolled = next_observation(READY, 2, "running", 1)
    assert rolled.was_ready
    stopped = next_observation(rolled, 3, "stopped", 0)
    assert not stopped.was_ready
    assert not next_observation(stopped, 4, "starting", 1).was_ready
    assert next_observation(None, 4, "running", 1).was_ready


PHASES = st.sampled_from(["starting", "running", "failed", "stopping", "stopped"])


@given(st.builds(Observation, st.integers(1, 5), PHASES, st.integers(0, 4), st.booleans()), st.integers(1, 5))
def test_a_stopped_version_never_looks_alive(seen: Observation, generation: int) -> None:
    assert version_status(DesiredState.STOPPED, generation, 2, seen) in {VersionStatus.STOPPING, VersionStatus.STOPPED}
