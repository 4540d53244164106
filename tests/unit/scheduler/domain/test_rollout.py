from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from running_services.scheduler_world import wanted
from scheduler.domain.rollout import MAX_SURGE, PodState, configuration_of, plan_rollout, template_of


def pod(name: str, template: str = "new", *, ready: bool = True, ending: bool = False, age: float = 0.0) -> PodState:
    return PodState(name, template, ready, ending, age)


def test_missing_pods_are_made_at_once() -> None:
    plan = plan_rollout(3, "new", [pod("a")])
    assert (plan.create, plan.terminate) == (2, ())


def test_nothing_wanted_ends_all_but_those_that_end_already() -> None:
    assert plan_rollout(0, "new", [pod("a"), pod("b", ending=True), pod("c", "old")]).terminate == ("a", "c")


def test_surplus_goes_unready_first_then_youngest() -> None:
    pods = [pod("old", age=9), pod("young", age=1), pod("unready", ready=False, age=5)]
    assert plan_rollout(1, "new", pods).terminate == ("unready", "young")
    assert plan_rollout(2, "new", pods).terminate == ("unready",)


def test_a_roll_over_makes_one_more_and_keeps_the_old_until_the_new_is_ready() -> None:
    old = [pod("a", "old"), pod("b", "old")]
    assert plan_rollout(2, "new", old) == plan_rollout(2, "new", old)
    assert (plan_rollout(2, "new", old).create, plan_rollout(2, "new", old).terminate) == (1, ())
    loading = [*old, pod("c", ready=False)]
    assert (plan_rollout(2, "new", loading).create, plan_rollout(2, "new", loading).terminate) == (0, ())
    assert plan_rollout(2, "new", [*old, pod("c")]).terminate == ("a",)


def test_old_pods_that_answer_nobody_are_not_waited_for() -> None:
    assert plan_rollout(1, "new", [pod("a", "old", ready=False)]).terminate == ("a",)


states = st.builds(
    PodState,
    name=st.uuids().map(str),
    template=st.sampled_from(["new", "old"]),
    is_ready=st.booleans(),
    is_terminating=st.booleans(),
    age_s=st.floats(0, 100),
)


@given(st.integers(1, 4), st.lists(states, max_size=6))
def test_a_roll_over_never_costs_a_ready_pod_that_is_needed(desired: int, pods: list[PodState]) -> None:
    plan = plan_rollout(desired, "new", pods)
    serving = [p for p in pods if p.is_ready and not p.is_terminating]
    left = [p for p in serving if p.name not in plan.terminate]
    assert len(left) >= min(desired, len(serving))
    alive = [p for p in pods if not p.is_terminating]
    assert len(alive) + plan.create <= max(desired + MAX_SURGE, len(alive))


@given(st.integers(0, 4), st.lists(states, max_size=6))
def test_repeating_the_plan_ends_in_what_is_wanted(desired: int, pods: list[PodState]) -> None:
    for step in range(40):
        plan = plan_rollout(desired, "new", pods)
        pods = [p for p in pods if p.name not in plan.terminate and not p.is_terminating]
        pods = [replace(p, is_ready=True) for p in pods]
        pods += [pod(f"made-{step}-{n}", ready=False) for n in range(plan.create)]
    assert [p.template for p in pods] == ["new"] * desired


@pytest.mark.parametrize("change", [{"generation": 9}, {"desired_replicas": 5}])
def test_scaling_is_no_new_template(change: dict[str, int]) -> None:
    deployment = wanted()
    assert template_of(deployment) == template_of(deployment.model_copy(update=change))
    other = wanted(model_version="2", version_id=deployment.version_id)
    assert template_of(deployment) != template_of(other)


def test_a_restart_is_a_new_template_of_the_same_configuration() -> None:
    deployment = wanted()
    templates = [template_of(deployment.model_copy(update={"restart": at})) for at in (None, 2, 3)]
    assert len(set(templates)) == 3
    assert {configuration_of(template) for template in templates} == {template_of(deployment)}
    assert "restart" not in deployment.model_dump_json()


def test_the_same_model_of_another_registry_is_another_template() -> None:
    deployment = wanted()
    elsewhere = deployment.model_source.model_copy(update={"registry": "theirs"})
    assert template_of(deployment) != template_of(deployment.model_copy(update={"model_source": elsewhere}))
    assert "registry" not in deployment.model_dump_json()
