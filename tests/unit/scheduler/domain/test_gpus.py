"""Which pod gets which GPU: none of them twice, of the kind that it asks for, and kept for those that wait for one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.claims import ResourceClaim
from scheduler.domain.gpus import Gpu, GpuLedger, gpus_asked_for, is_of_kind, no_such_gpu
from scheduler.domain.placement import Capacity, Placement, ResourcePool, place_pods
from shared.contracts.deployment import Resources
from shared.contracts.nodes import GpuKind
from shared.ids import new_id

SLICE = "NVIDIA H200 MIG 1g.18gb"
A10, H200, OTHER = Gpu("a", "0", "NVIDIA A10"), Gpu("b", "1", "NVIDIA H200"), Gpu("c", "2", "NVIDIA H200")
PART = Gpu("MIG-d", "3:0", SLICE)
ROOM = Capacity(64, 64)


def asking(
    pod: str, gpu: int = 1, kind: str | None = None, since: float = 0, *, has: tuple[str, ...] | None = None
) -> ResourceClaim:
    """`has`: it has its place, and these devices."""
    resources = Resources(spec="x", cpu=1, memory_gb=1, gpu=gpu, gpu_kind=kind)
    return ResourceClaim(
        pod, resources, since, is_placed=has is not None, version=new_id(), service=pod, name="v1", gpus=has or ()
    )


def placed(
    claims: list[ResourceClaim], *gpus: Gpu, frees_gpus: bool = False, room: Capacity | None = None
) -> Placement:
    pool = ResourcePool(room or replace(ROOM, gpu=len(gpus)))
    return place_pods(claims, [pool], gpus, frees_gpus=frees_gpus)


@pytest.mark.parametrize(
    ("kind", "wanted", "is_meant"),
    [
        ("NVIDIA H200", "H200", True),
        ("NVIDIA H200", "nvidia h200", True),
        ("NVIDIA H200 NVL", "H200", True),
        ("NVIDIA A100-SXM4-40GB", "A100", True),
        ("NVIDIA A100-SXM4-40GB", "A10", False),
        ("NVIDIA L40S", "L4", False),
        ("NVIDIA L40S", "L40", False),
        ("NVIDIA GH200 480GB", "H200", False),
        (SLICE, "MIG 1g.18gb", True),
        (SLICE, "h200 mig 1g.18gb", True),
        (SLICE, "1g.18gb", True),
        (SLICE, "MIG", True),
        (SLICE, "H200", False),
        (SLICE, "1g.1", False),
        ("NVIDIA H200", "MIG", False),
        ("NVIDIA H200", "H2.0", False),
        ("", "H200", False),
    ],
)
def test_a_kind_is_meant_by_whole_words_of_its_name_and_a_slice_by_its_own(
    kind: str, wanted: str, is_meant: bool
) -> None:
    assert is_of_kind(kind, wanted) == is_meant


def test_each_gets_the_kind_that_it_asks_for_and_any_leaves_it_to_them() -> None:
    claims = [asking("any"), asking("big", kind="H200", since=1), asking("part", kind="MIG 1g.18gb", since=2)]
    assert placed(claims, H200, A10, PART).gpus == {"any": ("a",), "big": ("b",), "part": ("MIG-d",)}
    assert placed([asking("any", 2)], H200, A10, PART).gpus == {"any": ("b", "a")}, "by number where nobody names any"


def test_a_free_gpu_of_another_kind_is_no_room() -> None:
    holds, waits = asking("tea", kind="H200", has=("b",)), asking("wine", kind="H200", since=1)
    later = asking("late", since=2)
    full = placed([holds, waits, later], A10, H200)
    assert (full.placed, full.waiting["wine"]) == (
        {},
        "asks for 1 core, 1 GiB, 1 GPU H200; free are 63 cores, 63 GiB, no GPU H200; "
        "held by tea/v1 (1 core, 1 GiB, 1 GPU)",
    )
    two = placed([asking("wine", 2, "H200"), replace(holds, gpus=("c",))], A10, H200, OTHER)
    assert "free are 63 cores, 63 GiB, 1 GPU H200; held by tea/v1" in two.waiting["wine"]


def test_a_kind_that_is_not_there_is_said_and_holds_nobody_up() -> None:
    found = placed([asking("wine", kind="H100"), asking("any", since=1)], A10, H200, OTHER)
    assert found.placed == {"any": None}
    assert found.waiting["wine"] == (
        "no node has a GPU H100, only 1 NVIDIA A10, 2 NVIDIA H200: ask for one of these kinds, or add a node with a "
        "GPU H100: it starts once there is one"
    )
    whole = placed([asking("wine", kind="H200")], PART).waiting["wine"]
    assert whole.startswith(f"no node has a GPU H200, only 1 {SLICE}: ask for one of these kinds, or ")
    none = placed([asking("wine", kind="H200")]).waiting["wine"]
    assert none.startswith("no node has a GPU H200, nor any other: ask for no GPU, or add a node with a GPU H200")
    more = placed([asking("wine", 3, "H200"), asking("any", since=1)], A10, H200, OTHER)
    assert more.placed == {"any": None}
    assert more.waiting["wine"].endswith("there are only 64 cores, 64 GiB, 2 GPU H200")


def test_what_is_only_counted_is_of_no_kind() -> None:
    counted = [Gpu("0", "0"), Gpu("1", "1")]
    found = placed([asking("wine", kind="H200"), asking("any", since=1)], *counted)
    assert found.gpus == {"any": ("0",)}
    assert found.waiting["wine"].startswith(
        "no node has a GPU H200, only 2 whose kind is not known: ask for GPUs of any kind, or "
    )


def test_devices_of_every_node_are_the_machine_s() -> None:
    """A node is so many devices of the machine, of whatever kind: none is given to two pods for that."""
    node = new_id()
    pools = [ResourcePool(Capacity(8, 8, 1)), ResourcePool(Capacity(8, 8, 1), "risk", node)]
    mine = asking("mine", kind="H200", since=1)
    mine = replace(mine, resources=mine.resources.model_copy(update={"group": "risk"}))
    assert place_pods([asking("any"), mine], pools, [H200, A10]).gpus == {"any": ("a",), "mine": ("b",)}
    waits = place_pods([asking("tea", kind="H200"), mine], pools, [H200, A10]).waiting["mine"]
    assert "free are 8 cores, 8 GiB, no GPU H200 on one node of resource group risk" in waits


def replacing(old: ResourceClaim, pod: str, kind: str | None, since: float = 1) -> ResourceClaim:
    return replace(asking(pod, kind=kind, since=since), version=old.version, replaces=old)


def test_an_update_waits_for_a_free_gpu_of_its_kind() -> None:
    old = asking("old", kind="H200", has=("b",))
    stuck = placed([old, replacing(old, "new", "H200")], H200, A10)
    assert stuck.placed == {}
    assert "no GPU H200 beside its version's own pods; SCHEDULER" in stuck.waiting["new"]
    assert placed([old, replacing(old, "new", "A10")], H200, A10).gpus == {"new": ("a",)}


def test_where_the_owner_says_so_an_update_takes_the_gpu_of_the_old_pod_if_it_is_of_its_kind() -> None:
    old = asking("old", kind="H200", has=("b",))
    new = replacing(old, "new", "H200")
    found = placed([old, new, asking("next", kind="H200", since=2)], H200, A10, frees_gpus=True)
    assert (found.placed, found.took, found.gpus) == ({"new": None}, {"new": "old"}, {"new": ()})
    others = asking("tea", kind="A10", has=("a",))
    wrong = placed([old, others, replacing(old, "new", "A10")], H200, A10, frees_gpus=True)
    assert (wrong.placed, list(wrong.waiting)) == ({}, ["new"])


def test_what_a_pod_waits_for_is_given_to_nobody_else() -> None:
    """It needs two, has the place of a pod with one, and the other one is kept for it."""
    old = asking("old", kind="H200", has=("b",))
    new = replace(asking("new", 2, "H200", has=()), version=old.version, took="old")
    other = asking("other", kind="H200", since=2)
    ledger = GpuLedger([H200, OTHER, A10], [old, new])
    assert (ledger.due, ledger.free(other.resources), ledger.free(asking("any").resources)) == ({}, 0, 1)
    assert placed([old, new, other], H200, OTHER, A10, frees_gpus=True).placed == {}
    assert GpuLedger([H200, OTHER, A10], [new, other]).due == {"new": ("b", "c")}, "the old one has ended"


def test_of_those_that_wait_the_one_whose_pod_has_ended_comes_first() -> None:
    there = asking("old", has=("a",))
    older = replace(asking("older", since=1, has=()), took="old")
    freed = replace(asking("freed", kind="H200", since=2, has=()), took="gone")
    assert GpuLedger([A10, H200], [there, older, freed]).due == {"freed": ("b",)}


def test_those_that_end_keep_theirs_and_get_none() -> None:
    ends = replace(asking("ends", has=("b",)), is_leaving=True)
    late = replace(asking("late", has=()), is_leaving=True)
    assert GpuLedger([H200], [ends, late, asking("next", has=())]).due == {}
    assert GpuLedger([H200], [late, asking("next", has=())]).due == {"next": ("b",)}


def test_kinds_are_counted_and_numbers_of_before_are_known() -> None:
    ledger = GpuLedger([A10, H200, OTHER, Gpu("x", "9")], [asking("old", has=("1",))])
    assert ledger.kinds() == (
        GpuKind(kind="NVIDIA A10", gpu=1, free=1),
        GpuKind(kind="NVIDIA H200", gpu=2, free=1),
        GpuKind(kind=None, gpu=1, free=1),
    )
    told = no_such_gpu("H100", ledger.kinds(), "risk")
    has = "1 NVIDIA A10, 2 NVIDIA H200, 1 whose kind is not known"
    assert told.startswith(
        f"no node has a GPU H100 in resource group risk, only {has}: ask for one of these kinds, or "
    )
    assert [gpus_asked_for(asking("a", 2, kind).resources) for kind in ("H200", None)] == ["2 GPU H200", "2 GPU"]


KINDS = st.sampled_from([None, "H200", "A10", "MIG 1g.18gb", "H100"])


@given(st.lists(st.tuples(st.integers(0, 3), KINDS, st.booleans()), max_size=12))
def test_however_pods_come_and_go_no_device_has_two(steps: list[tuple[int, str | None, bool]]) -> None:
    there = (H200, A10, OTHER, PART)
    kinds = {gpu.id: gpu.kind for gpu in there}
    claims: list[ResourceClaim] = []
    for number, (count, kind, is_end) in enumerate(steps):
        if is_end and claims:
            claims.pop(0)
        found = placed([*claims, asking(f"p{number}", count, kind, number)], *there)
        claims = [
            replace(each, is_placed=True, gpus=each.gpus or found.gpus.get(each.pod, ()))
            for each in [*claims, asking(f"p{number}", count, kind, number)]
            if each.is_placed or each.pod in found.placed
        ]
        given_out = [gpu for each in claims for gpu in each.gpus]
        assert len(given_out) == len(set(given_out))
        for each in claims:
            assert len(each.gpus) == each.resources.gpu
            wanted = each.resources.gpu_kind
            assert wanted is None or all(is_of_kind(kinds[gpu], wanted) for gpu in each.gpus)
