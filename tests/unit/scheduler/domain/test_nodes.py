"""Pods of a resource group go to its nodes alone, and nobody else's pods come there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.claims import ResourceClaim
from scheduler.domain.nodes import has_to_move, node_states, pool_states, pools_of
from scheduler.domain.placement import Capacity, ResourcePool, pair_replacements, place_pods
from shared.contracts.deployment import Resources
from shared.contracts.nodes import Node
from shared.ids import new_id

MACHINE = Capacity(16, 32, 1)


def node(name: str, cpu: float = 4, memory_gb: float = 8, *, group: str = "risk", **how: object) -> Node:
    return Node.model_validate(
        {"id": new_id(), "name": name, "group": group, "generation": 1, "cpu": cpu, "memory_gb": memory_gb} | how
    )


A, B, OTHER = node("a"), node("b"), node("c", 2, 4, group="fraud")
NODES = {each.id: each for each in (A, B, OTHER)}


def claim(pod: str, cpu: float = 1, since: float = 0, group: str | None = "risk") -> ResourceClaim:
    return ResourceClaim(pod, Resources(spec="x", cpu=cpu, memory_gb=1, group=group), since, is_placed=False)


def on(where: Node | None, waiting: ResourceClaim) -> ResourceClaim:
    return replace(waiting, is_placed=True, node=where.id if where else None)


def pools(*nodes: Node) -> list[ResourcePool]:
    return pools_of(nodes, MACHINE)


GROUPS = st.sampled_from(["risk", "fraud", None, "empty"])
WAITING = st.lists(st.tuples(st.integers(1, 24), st.floats(0, 100), GROUPS), max_size=25).map(
    lambda drawn: [claim(f"p{n}", cpu / 4, since, group) for n, (cpu, since, group) in enumerate(drawn)]
)


@given(WAITING)
def test_no_pod_comes_where_another_group_is_and_no_node_is_given_twice(claims: list[ResourceClaim]) -> None:
    placement = place_pods(claims, pools(A, B, OTHER))
    by_pod = {each.pod: each for each in claims}
    for pool in pools(A, B, OTHER):
        there = [by_pod[pod].resources for pod, at in placement.placed.items() if at == pool.node]
        assert {each.group for each in there} <= {pool.group}
        assert sum(each.cpu for each in there) <= pool.capacity.cpu
    assert placement.placed.keys() | placement.waiting.keys() == by_pod.keys()


@given(WAITING)
def test_groups_do_not_hold_each_other_up(claims: list[ResourceClaim]) -> None:
    together = place_pods(claims, pools(A, B, OTHER))
    for group in ("risk", "fraud", None):
        alone = place_pods([each for each in claims if each.resources.group == group], pools(A, B, OTHER))
        mine = {each.pod for each in claims if each.resources.group == group}
        assert {pod: at for pod, at in together.placed.items() if pod in mine} == alone.placed


def test_what_nodes_reserve_is_not_for_the_shared_pool() -> None:
    assert pools(A, B)[0] == ResourcePool(Capacity(8, 16, 1))
    assert pools_of([A], Capacity(64, 48), Capacity(4, 1.5))[0].capacity == Capacity(48, 36)
    assert pools(A, B, node("d", 100, 100))[0].capacity == Capacity(0, 0, 1)


def test_pods_of_a_group_are_spread_over_its_nodes() -> None:
    there = [on(A, claim("there"))]
    placed = place_pods([*there, claim("x", since=1), claim("y", since=2)], pools(A, B)).placed
    assert placed["x"] == B.id
    assert set(placed.values()) <= {A.id, B.id}


@pytest.mark.parametrize("how", [{"is_schedulable": False}, {"pods": "move"}, {"pods": "end"}])
def test_a_node_that_is_not_open_gets_no_pod(how: dict[str, object]) -> None:
    placement = place_pods([claim("x")], pools(A.model_copy(update=how)))
    assert placement.waiting == {"x": "asks for 1 core, 1 GiB; no node of resource group risk takes pods"}
    assert place_pods([claim("x")], pools(A.model_copy(update=how), B)).placed == {"x": B.id}


def test_it_says_what_a_group_has() -> None:
    placement = place_pods([on(A, claim("there", 3)), claim("x", 2), claim("y", 5)], pools(A))
    assert placement.waiting == {
        "x": "asks for 2 cores, 1 GiB; free are 1 core, 7 GiB on one node of resource group risk",
        "y": "asks for 5 cores, 1 GiB; there are only 4 cores, 8 GiB on one node of resource group risk",
    }


def test_a_replacement_takes_a_place_only_on_an_open_node_of_the_same_group() -> None:
    old = on(A, claim("old", 4))
    (_, new) = pair_replacements([old, claim("new", 4)], {"old": "a", "new": "b"})
    assert place_pods([old, new], pools(A)).placed == {"new": A.id}
    assert place_pods([old, new], pools(A.model_copy(update={"pods": "move"}))).placed == {}
    assert place_pods([old, new], pools(A.model_copy(update={"pods": "move"}), B)).placed == {"new": B.id}
    there = [on(A, claim("another", 4)), on(B, claim("old", 4))]
    templates = {"another": "b", "old": "a", "new": "b", "late": "b"}
    first, late = pair_replacements([there[1], claim("new", 4), claim("late", 4, since=1)], templates)[1:]
    assert place_pods([*there, first, late], pools(A, B)).placed == {"new": B.id}, "where the old one is, and once"
    shared = on(None, claim("old", 16, group=None))
    (_, new) = pair_replacements([shared, claim("new", 4)], {"old": "a", "new": "b"})
    assert place_pods([shared, new], pools(OTHER)).placed == {}


@pytest.mark.parametrize(
    ("where", "group", "nodes", "moves"),
    [
        (None, None, NODES, False),
        (A, "risk", NODES, False),
        (A, "risk", {}, True),
        (A, "risk", NODES | {A.id: A.model_copy(update={"group": "fraud"})}, True),
        (A, "risk", NODES | {A.id: A.model_copy(update={"is_schedulable": False})}, False),
        (A, "risk", NODES | {A.id: A.model_copy(update={"pods": "move"})}, True),
        (A, "risk", NODES | {A.id: A.model_copy(update={"pods": "end"})}, True),
    ],
)
def test_which_pods_have_to_leave(
    where: Node | None, group: str | None, nodes: dict[object, Node], moves: bool
) -> None:
    resources = Resources(spec="x", cpu=1, memory_gb=1, group=group)
    assert has_to_move(where.id if where else None, resources, nodes) is moves  # type: ignore[arg-type]


def test_nodes_say_what_their_pods_ask_for() -> None:
    claims = [on(A, claim("x", 2)), on(A, claim("y", 1)), on(None, claim("z", group=None)), claim("w")]
    a, b = node_states([A, B], claims)
    assert (a.id, a.generation, a.pods, a.cpu, a.memory_gb) == (A.id, 1, 2, 3, 2)
    assert (b.pods, b.cpu) == (0, 0)


def test_pools_say_who_holds_them_and_who_waits_by_kind_of_gpu() -> None:
    def asks(pod: str, kind: str | None) -> ResourceClaim:
        resources = Resources(spec="x", cpu=1, memory_gb=1, gpu=1, gpu_kind=kind)
        return ResourceClaim(pod, resources, 0, is_placed=False, service="wine", name="v1")

    claims = [on(None, asks("a", None)), on(None, asks("b", "H200")), asks("c", "H200"), asks("d", "H200")]
    (shared,) = pool_states(pools(), claims, {})
    assert [(hold.pods, hold.gpu, hold.gpu_kind) for hold in shared.held] == [(1, 1, None), (1, 1, "H200")]
    assert [(hold.pods, hold.gpu, hold.gpu_kind) for hold in shared.waiting] == [(2, 2, "H200")]


def test_a_group_without_nodes_is_a_closed_pool_of_no_size_while_pods_wait_in_it() -> None:
    claims = [claim("x", 2, group="empty"), claim("y", 1, group="empty"), claim("z"), on(A, claim("gone", group="old"))]
    named = [replace(each, service="wine", name="v1") for each in claims]
    *known, empty = pool_states(pools(A), named, {A.id: "a"})
    assert [(pool.group, pool.node) for pool in known] == [(None, None), ("risk", "a")]
    assert (empty.group, empty.node, empty.cpu, empty.memory_gb, empty.is_open) == ("empty", None, 0, 0, False)
    assert [(hold.service, hold.pods, hold.cpu) for hold in empty.waiting] == [("wine", 2, 3)]
    assert [pool.waiting for pool in known if pool.group is None] == [()]
