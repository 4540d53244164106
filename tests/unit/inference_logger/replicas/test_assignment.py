"""Who of several loggers owns which service, and from where on."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from inference_logger.domain.replicas.assignment import MOST_LAYERS, Assignment, owner_of

SERVICES = [f"service-{number}" for number in range(2000)]


def owners(*members: str) -> dict[str, str]:
    return {service: owner_of(service, members) for service in SERVICES}


def test_each_gets_about_its_part() -> None:
    counts = Counter(owners("a", "b", "c", "d").values())
    assert all(420 < count < 580 for count in counts.values())


def test_the_order_of_the_members_does_not_matter() -> None:
    assert owners("a", "b", "c") == owners("c", "a", "b")


@pytest.mark.parametrize("gone", ["a", "b", "c", "d"])
def test_of_one_that_goes_only_its_own_change_hands(gone: str) -> None:
    before = owners("a", "b", "c", "d")
    after = owners(*({"a", "b", "c", "d"} - {gone}))
    assert all(after[service] == owner for service, owner in before.items() if owner != gone)


def test_one_that_comes_takes_from_the_others_and_they_nothing_from_each_other() -> None:
    before, after = owners("a", "b"), owners("a", "b", "c")
    moved = {service for service in SERVICES if before[service] != after[service]}
    assert {after[service] for service in moved} == {"c"}
    assert 0.25 < len(moved) / len(SERVICES) < 0.42


def test_the_first_owner_has_nothing_to_pass_over() -> None:
    found = Assignment().with_members(["a"], {})
    assert (found.epoch, found.members, found.floor("wine")) == (1, ("a",), 0)


def test_what_the_owner_of_before_had_stored_is_passed_over() -> None:
    assignment = Assignment(1, ("a", "b")).with_members(["b"], {"a": 70, "b": 50})
    assert {assignment.owner(service) for service in SERVICES} == {"b"}
    assert all(assignment.floor(service) == {"a": 70, "b": 50}[owner] for service, owner in owners("a", "b").items())


def test_floors_of_several_changes_are_kept_until_all_have_passed_them() -> None:
    once = Assignment(1, ("a", "b")).with_members(["b"], {"a": 70, "b": 50})
    again = once.with_members(["b", "c"], {"b": 60})
    passed = again.with_members(["c"], {"b": 80, "c": 75})
    before = owners("a", "b")
    assert all(max(again.floor(service), 60) == (70 if owner == "a" else 60) for service, owner in before.items())
    assert passed.layers == ({"b": 80, "c": 75},)


def test_another_process_of_the_same_name_is_an_epoch_and_no_change_of_owners() -> None:
    before = Assignment(4, ("a", "b"), "REQUESTS", ({"a": 9},))
    after = before.with_members(["b", "a"], {"a": 20, "b": 5})
    assert (after.epoch, after.members, after.layers) == (5, ("a", "b"), ({"a": 9},))


def test_another_stream_has_no_floors() -> None:
    after = Assignment(4, ("a",), "old", ({"a": 9},)).on_stream("new")
    assert (after.epoch, after.stream, after.floor("wine")) == (5, "new", 0)


def test_layers_are_bounded() -> None:
    assignment = Assignment(1, ("a", "b"))
    for turn in range(40):
        assignment = assignment.with_members(["a", "b", f"c{turn}"], dict.fromkeys(assignment.members, turn) | {"a": 0})
    assert len(assignment.layers) == MOST_LAYERS


@dataclass
class World:
    """Members that read a stream at different speed, come and go; each message is stored by whoever owns it."""

    chance: random.Random
    assignment: Assignment = field(default_factory=Assignment)
    positions: dict[str, int] = field(default_factory=dict)
    stored: Counter[int] = field(default_factory=Counter)

    def change(self, members: list[str]) -> None:
        self.assignment = self.assignment.with_members(members, self.positions)
        if self.positions.keys() == set(members):
            return  # other processes, which go on where the last ones were
        lowest = min(self.positions.values(), default=0)
        self.positions = dict.fromkeys(self.assignment.members, lowest)

    def read(self, member: str, upto: int) -> None:
        for sequence in range(self.positions[member] + 1, upto + 1):
            service = SERVICES[sequence % 40]
            if self.assignment.owner(service) == member and sequence > self.assignment.floor(service):
                self.stored[sequence] += 1
        self.positions[member] = max(upto, self.positions[member])


@pytest.mark.parametrize("seed", range(20))
def test_whoever_comes_and_goes_every_message_is_stored_once(seed: int) -> None:
    world, last = World(random.Random(seed)), 0
    names = ["a", "b", "c", "d", "e"]
    for _ in range(12):
        world.change(world.chance.sample(names, world.chance.randint(1, 4)))
        last += world.chance.randint(0, 60)
        for member in world.chance.sample(world.assignment.members, world.chance.randint(0, len(world.positions))):
            world.read(member, world.chance.randint(0, last))
    for member in world.assignment.members:
        world.read(member, last)
    assert world.stored == dict.fromkeys(range(1, last + 1), 1)
