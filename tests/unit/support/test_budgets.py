"""Sums of a run by layer and room, and what is judged."""

from __future__ import annotations

import pytest

from test_run.budgets import LAYERS, UNIT_ROOM, WHOLE_RUN, over_budget
from test_run.command import parts_of
from test_run.layers import END_OF_PROCESS, SHARED_SERVERS, Phase, by_layer, layer_and_room
from test_run.outcome import Outcome, Part
from test_run.summary import summary


def phase(test: str, cpu_s: float, when: str = "call", wall_s: float = 1.0) -> Phase:
    return Phase(test, when, cpu_s, wall_s, alone_s=cpu_s)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("tests/unit/router/test_a.py::test_b[tests/x]", ("unit", "router")),
        ("tests/unit/router/spool/test_a.py::test_b", ("unit", "router/spool")),
        ("tests/chaos/test_a.py::test_b", ("chaos", "chaos")),
        ("test_a.py::test_b", ("other", "other")),
    ],
)
def test_a_test_belongs_to_its_folder(test: str, expected: tuple[str, str]) -> None:
    assert layer_and_room(test) == expected


def test_phases_are_summed_and_the_slowest_come_first() -> None:
    phases = [phase("tests/unit/router/a.py::x", number / 10, wall_s=0.5) for number in range(12)]
    layers = by_layer([*phases, phase("tests/unit/router/a.py::y", 9.0, "setup")])
    unit = layers["unit"]
    assert (len(unit.tests), round(unit.cpu_s, 3), unit.wall_s) == (2, 15.6, 7.0)
    assert [each.cpu_s for each in unit.slowest] == [9.0, *(number / 10 for number in range(11, 2, -1))]


def test_the_end_of_a_process_is_no_tests_cost() -> None:
    layers = by_layer([phase("tests/unit/new/a.py::x", 1.0), phase("tests/unit/new/a.py::x", 50.0, END_OF_PROCESS)])
    assert (layers["unit"].cpu_s, layers[SHARED_SERVERS].cpu_s) == (1.0, 50.0)
    assert not over_budget(0, layers, unit=1.0)


def test_a_room_does_not_pay_for_servers_beside_it() -> None:
    idle = Phase("tests/unit/new/a.py::x", "call", cpu_s=50.0, wall_s=1.0, alone_s=0.5)
    assert not over_budget(0, by_layer([idle]), unit=1.0)


@pytest.mark.parametrize(("share", "lines"), [(1.49, 0), (1.51, 1)])
def test_a_budget_is_exceeded_by_half_of_it(share: float, lines: int) -> None:
    contract = by_layer([phase("tests/contract/a.py::x", 2 * share * LAYERS["contract"])])
    room = by_layer([phase("tests/unit/new/a.py::x", 2 * share * UNIT_ROOM)])
    assert len(over_budget(0, contract, unit=2.0)) == lines
    assert len(over_budget(0, room, unit=2.0)) == lines
    assert len(over_budget(share * WHOLE_RUN, {}, unit=2.0)) == lines


@pytest.mark.parametrize("option", [("tests/unit", "-q"), ("-k", "word"), ("--lf",), ("--long",), ("-x",)])
def test_part_of_the_tests_is_no_whole_run(option: tuple[str, ...]) -> None:
    _, is_whole = parts_of(option)
    assert not is_whole


@pytest.mark.parametrize("options", [(), ("-q",), ("-vv", "--durations=3", "--tb=short")])
def test_how_a_run_prints_does_not_matter(options: tuple[str, ...]) -> None:
    parts, is_whole = parts_of(options)
    assert is_whole
    assert [part.name for part in parts] == ["all"]
    assert all(part.options[len(part.options) - len(options) :] == options for part in parts)


def outcome(*, codes: tuple[int, ...] = (0, 0), cpu_s: float = 10.0, leaks: tuple[str, ...] = ()) -> Outcome:
    parts = [Part(f"part {number}", code, 60.0) for number, code in enumerate(codes)]
    return Outcome(parts, (1.0, 3.0), True, cpu_s, [phase("tests/unit/a/b.py::c", 1.0)], leaks=list(leaks))


def test_cost_is_cpu_by_the_mean_of_both_calibrations() -> None:
    assert outcome(cpu_s=10.0).cost == 5.0


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (outcome(), 0),
        (outcome(codes=(0, 3)), 3),
        (outcome(codes=(137, 1), leaks=("a",)), 137),
        (outcome(leaks=("process 1",)), 1),
        (outcome(cpu_s=2 * 1.6 * WHOLE_RUN), 1),
    ],
)
def test_every_kind_of_failure_has_a_status_and_is_named(found: Outcome, code: int) -> None:
    assert found.code == code
    last = list(summary(found))[-1]
    assert (last == "passed") == (code == 0)
    assert ("left behind" in last) == bool(found.leaks)


def test_an_exceeded_budget_shows_the_slowest_of_all() -> None:
    text = "\n".join(summary(outcome(cpu_s=2 * 1.6 * WHOLE_RUN)))
    slowest, _, excesses = text.partition("the slowest of all")[2].partition("over budget:")
    assert "tests/unit/a/b.py::c" in slowest
    assert "the whole run cost" in excesses


def test_what_failed_stands_at_the_end() -> None:
    found = outcome(codes=(1,))
    found.failures.append({"test": "tests/unit/a/b.py::c", "when": "call", "cause": "b.py:3: assert 1 == 2"})
    assert list(summary(found))[-2] == "  tests/unit/a/b.py::c (call): b.py:3: assert 1 == 2"
