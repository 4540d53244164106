"""Which waiting pods get room: never more than there is, oldest first, nobody waits for ever."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.claims import ResourceClaim
from scheduler.domain.placement import UNLIMITED, Capacity, ResourcePool, pair_replacements, place_pods
from scheduler.machine import GIB, machine_capacity
from shared.contracts.deployment import Resources
from shared.ids import new_id

SIZES = st.builds(
    lambda cpu, memory, gpu: Resources(spec="x", cpu=cpu / 4, memory_gb=memory / 4, gpu=gpu),
    st.integers(1, 40),
    st.integers(1, 80),
    st.integers(0, 2),
)
CLAIMS = st.lists(st.tuples(SIZES, st.floats(0, 100), st.booleans()), max_size=20).map(
    lambda drawn: [ResourceClaim(f"p{n}", size, since, is_placed) for n, (size, since, is_placed) in enumerate(drawn)]
)
TOTAL = Capacity(16, 32, 2)


def claim(pod: str, cpu: float, since: float = 0, *, is_placed: bool = False) -> ResourceClaim:
    return ResourceClaim(pod, Resources(spec="x", cpu=cpu, memory_gb=1), since, is_placed)


@given(CLAIMS)
def test_no_more_is_given_than_there_is(claims: list[ResourceClaim]) -> None:
    placement = place_pods(claims, [ResourcePool(TOTAL)])
    left = TOTAL
    for each in claims:
        if each.is_placed or each.pod in placement.placed:
            left = left.minus(each.resources)
    if placement.placed:
        assert min(left.cpu, left.memory_gb, left.gpu) >= 0
    waiting = {each.pod for each in claims if not each.is_placed}
    assert placement.placed.keys() | placement.waiting.keys() == waiting
    assert not placement.placed.keys() & placement.waiting.keys()


def test_who_waits_is_told_who_holds_the_room_and_other_projects_are_not_named() -> None:
    def held(pod: str, cpu: float, service: str, project: str) -> ResourceClaim:
        return replace(claim(pod, cpu, is_placed=True), service=service, name="v1", project=project)

    claims = [held("a", 1, "wine", "red"), held("b", 1, "wine", "red"), held("c", 4, "secret", "blue")]
    waits = replace(claim("x", 2), service="tea", name="v1", project="red")

    assert place_pods([*claims, waits], [ResourcePool(Capacity(7, 8))]).waiting == {
        "x": "asks for 2 cores, 1 GiB; free are 1 core, 5 GiB; "
        "held by other projects (4 cores, 1 GiB), wine/v1 (2 cores, 2 GiB)"
    }


@given(CLAIMS)
def test_nobody_who_could_ever_fit_is_passed_by(claims: list[ResourceClaim]) -> None:
    placement = place_pods(claims, [ResourcePool(TOTAL)])
    since = {each.pod: (each.since, each.pod) for each in claims}
    can_ever = {each.pod for each in claims if TOTAL.fits(each.resources)}
    for waiting in placement.waiting.keys() & can_ever:
        assert all(since[placed] < since[waiting] for placed in placement.placed)


@given(CLAIMS)
def test_as_room_appears_everybody_who_can_is_placed(claims: list[ResourceClaim]) -> None:
    waiting = [each for each in claims if not each.is_placed]
    for _ in range(len(waiting)):
        placed = place_pods(waiting, [ResourcePool(TOTAL)]).placed
        waiting = [each for each in waiting if each.pod not in placed]  # those that were placed have ended since
    assert not [each for each in waiting if TOTAL.fits(each.resources)]


def test_a_replacement_has_the_place_of_what_it_replaces() -> None:
    old = claim("old", 2, is_placed=True)
    there = [old, claim("other", 2, is_placed=True)]
    assert place_pods([*there, claim("new", 2)], [ResourcePool(Capacity(4, 8))]).placed == {}
    assert place_pods([*there, replace(claim("new", 2), replaces=old)], [ResourcePool(Capacity(4, 8))]).placed == {
        "new": None
    }
    assert place_pods([*there, replace(claim("new", 3), replaces=old)], [ResourcePool(Capacity(4, 8))]).placed == {}
    assert place_pods([*there, replace(claim("new", 3), replaces=old)], [ResourcePool(Capacity(5, 8))]).placed == {
        "new": None
    }
    assert place_pods([*there, replace(claim("new", 9), replaces=old)], [ResourcePool(Capacity(4, 8))]).placed == {}


def test_what_no_longer_fits_at_all_takes_no_place() -> None:
    old = claim("old", 6, is_placed=True)
    shrunk = place_pods([old, replace(claim("new", 6), replaces=old)], [ResourcePool(Capacity(4, 8))])
    assert (shrunk.placed, list(shrunk.waiting)) == ({}, ["new"])


def test_pods_take_places_one_for_one() -> None:
    old = claim("old", 1, is_placed=True)
    waiting = [claim(f"new{n}", 1, since=n) for n in range(5)]
    templates = {"old": "a"} | {each.pod: "b" for each in waiting}
    first = pair_replacements([old, *waiting], templates)
    assert [each.pod for each in first if each.replaces] == ["new0"]
    assert place_pods(first, [ResourcePool(Capacity(1, 8))]).placed == {"new0": None}
    new = replace(waiting[0], is_placed=True, took="old")
    assert place_pods(first, [ResourcePool(Capacity(1, 8))]).took == {"new0": "old"}
    assert [each.pod for each in pair_replacements([old, new, *waiting[1:]], templates) if each.replaces] == []
    left = replace(old, pod="left")
    assert [
        e.replaces for e in pair_replacements([left, new, waiting[1]], templates | {"left": "a"}) if e.replaces
    ] == [left]
    two = [old, claim("old2", 1, is_placed=True), *waiting[:1], *waiting[1:]]
    assert [each.pod for each in pair_replacements(two, templates | {"old2": "a"}) if each.replaces] == ["new0", "new1"]


def of(version: UUID, there: ResourceClaim) -> ResourceClaim:
    return replace(there, version=version)


def test_what_its_own_version_leaves_no_room_for_holds_nobody_up() -> None:
    """A second pod of three cores never has room beside the first on four; the core that is left is for others."""
    wide, small = new_id(), claim("small", 1, since=9)
    first, second = of(wide, claim("first", 3, is_placed=True)), of(wide, claim("second", 3, since=1))
    placement = place_pods([first, second, small], [ResourcePool(Capacity(4, 8))])
    assert placement.placed == {"small": None}
    assert placement.waiting == {
        "second": "asks for 3 cores, 1 GiB; there are only 1 core, 7 GiB beside its version's own pods"
    }
    at_once = place_pods([replace(first, is_placed=False), second, small], [ResourcePool(Capacity(4, 8))])
    assert at_once.placed == {"first": None, "small": None}
    others = claim("others", 3, is_placed=True)
    assert place_pods([others, second, small], [ResourcePool(Capacity(4, 8))]).placed == {}, (
        "what others have may come to it"
    )
    leaving = replace(first, is_leaving=True)
    assert place_pods([leaving, second, small], [ResourcePool(Capacity(4, 8))]).placed == {}, (
        "as may what its own pod gives back"
    )


def test_an_update_that_never_fits_holds_nobody_up() -> None:
    """Two pods of two cores are to have three each: on less than six, one waits for room that never comes."""
    wide = new_id()
    old, new = of(wide, claim("old", 2, is_placed=True)), of(wide, claim("new", 3, is_placed=True))
    second = of(wide, claim("second", 3, since=1))
    (*there, second) = pair_replacements([old, new, second], {"old": "a", "new": "b", "second": "b"})
    small = claim("small", 0.5, since=9)
    assert place_pods([*there, second, small], [ResourcePool(Capacity(6, 8))]).placed.keys() == {"second"}
    assert place_pods([*there, second, small], [ResourcePool(Capacity(5.5, 8))]).placed == {"small": None}


def with_gpus(pod: str, gpu: int, since: float = 0, *, is_placed: bool = False) -> ResourceClaim:
    resources = Resources(spec="x", cpu=1, memory_gb=1, gpu=gpu)
    return ResourceClaim(pod, resources, since, is_placed, version=VERSION, service="wine", name="v1")


VERSION = new_id()


def test_a_gpu_is_not_shared_for_a_moment() -> None:
    """Of cores a new pod takes the place of the old one while both run; of devices it needs free ones."""
    old = with_gpus("old", 1, is_placed=True)
    new = replace(with_gpus("new", 1, since=1), replaces=old)
    small = claim("small", 1, since=9)
    full = place_pods([old, new, small], [ResourcePool(Capacity(2, 8, 1))])
    assert full.placed == {"small": None}, "what its own version's pod keeps holds nobody up"
    assert full.waiting == {
        "new": "asks for 1 core, 1 GiB, 1 GPU; there are only 2 cores, 8 GiB, no GPU beside its version's own pods; "
        "SCHEDULER_GPU_ROLLOUT=free-first ends the pod that it replaces first, for its GPU"
    }
    two = place_pods([old, new], [ResourcePool(Capacity(1, 1, 2))])
    assert (two.placed, two.took) == ({"new": None}, {"new": "old"})
    other = replace(with_gpus("other", 1, is_placed=True), version=None, service="tea")
    waits = place_pods([old, other, new], [ResourcePool(Capacity(4, 8, 2))]).waiting["new"]
    assert waits == (
        "asks for 1 core, 1 GiB, 1 GPU; free are 2 cores, 6 GiB, no GPU; "
        "held by tea/v1 (1 core, 1 GiB, 1 GPU), wine/v1 (1 core, 1 GiB, 1 GPU)"
    )


def test_where_the_owner_says_so_an_update_takes_the_gpu_of_the_old_pod() -> None:
    old = with_gpus("old", 1, is_placed=True)
    new = replace(with_gpus("new", 1, since=1), replaces=old)
    freed = place_pods([old, new, with_gpus("next", 1, since=2)], [ResourcePool(Capacity(2, 8, 1))], frees_gpus=True)
    assert (freed.placed, freed.took, list(freed.waiting)) == ({"new": None}, {"new": "old"}, ["next"])
    more = replace(with_gpus("new", 2, since=1), replaces=old)
    assert place_pods([old, more], [ResourcePool(Capacity(2, 8, 1))], frees_gpus=True).placed == {}


def test_it_says_what_is_asked_for_and_what_is_free() -> None:
    placement = place_pods(
        [claim("a", 3, is_placed=True), claim("b", 2), claim("c", 9)], [ResourcePool(Capacity(4, 8))]
    )
    assert placement.waiting == {
        "b": "asks for 2 cores, 1 GiB; free are 1 core, 7 GiB",
        "c": "asks for 9 cores, 1 GiB; there are only 4 cores, 8 GiB",
    }


def test_without_a_limit_everything_fits() -> None:
    assert len(place_pods([claim(str(n), 1000) for n in range(1000)], [ResourcePool(UNLIMITED)]).placed) == 1000


@pytest.mark.parametrize(
    ("own", "files", "cores", "gib"),
    [
        ("0::/", {"cpu.max": "50000 100000\n", "memory.max": f"{GIB // 2}\n"}, 0.5, 0.5),
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "50000 100000", "a/b/memory.max": "max"}, 0.5, None),
        ("0::/a", {"a/memory.max": str(GIB // 2), "memory.max": str(GIB // 4)}, None, 0.25),
        ("4:cpu,cpuacct:/x", {"cpu/x/cpu.cfs_quota_us": "25000", "cpu/x/cpu.cfs_period_us": "100000"}, 0.25, None),
        ("7:memory:/x/y\n0::/", {"memory/x/memory.limit_in_bytes": str(GIB // 4)}, None, 0.25),
        ("0::/", {"cpu.max": "max 100000", "memory.max": "max"}, None, None),
        ("", {"cpu/cpu.cfs_quota_us": "-1", "memory/memory.limit_in_bytes": "9223372036854771712"}, None, None),
        ("", {}, None, None),
    ],
)
def test_a_cgroup_may_leave_less(
    tmp_path: Path, own: str, files: dict[str, str], cores: float | None, gib: float | None
) -> None:
    (tmp_path / "own").write_text(own)
    for name, content in files.items():
        (tmp_path / "tree" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "tree" / name).write_text(content)
    whole = machine_capacity(tmp_path / "none", tmp_path / "none")
    found = machine_capacity(tmp_path / "tree", tmp_path / "own")
    assert found.cpu == (whole.cpu if cores is None else cores)
    assert found.memory_gb == pytest.approx(whole.memory_gb if gib is None else gib, rel=1e-3)
