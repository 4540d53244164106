"""The text that ends a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from test_run.budgets import LAYERS, TOLERANCE, UNIT_ROOM, WHOLE_RUN
from test_run.layers import Phase, slowest
from test_run.outcome import Outcome

LONGEST_NAME = 96


def summary(outcome: Outcome) -> Iterator[str]:
    """Lines: layers, slowest phases, re-runs, leaks, the verdict."""
    yield f"{' test run ':=^100}"
    yield from _layers(outcome)
    if outcome.is_whole:
        for name, layer in outcome.layers.items():
            yield f"slowest of {name} (cost, wall):"
            yield from _phases(layer.slowest, outcome.unit)
    if outcome.reruns:
        yield "run again:"
        yield from (f"  {each['test']} ({each['when']}): {each['cause']}" for each in outcome.reruns)
    if outcome.leaks:
        yield "left behind:"
        yield from (f"  {leak}" for leak in outcome.leaks)
    if outcome.excesses:
        yield "the slowest of all (cost, wall):"
        yield from _phases(slowest(outcome.phases, 20), outcome.unit)
        yield "over budget:"
        yield from (f"  {excess}" for excess in outcome.excesses)
    if outcome.failures:  # once more where the end of a long text is all that is kept
        yield "failed:"
        yield from (f"  {each['test']} ({each['when']}): {each['cause']}" for each in outcome.failures)
    yield _verdict(outcome)


def costs(outcome: Outcome) -> Iterator[str]:
    """Each phase of each test in tab-separated columns, the most expensive first: for spreadsheets, `sort`, `awk`."""
    yield "cost\twall_s\twhen\ttest"
    for phase in slowest(outcome.phases, len(outcome.phases)):
        yield f"{phase.cpu_s / outcome.unit:.3f}\t{phase.wall_s:.3f}\t{phase.when}\t{phase.test}"


def _layers(outcome: Outcome) -> Iterator[str]:
    yield f"{'layer':<14}{'tests':>7}{'cost':>9}{'budget':>9}{'CPU s':>9}{'wall s':>9}"
    for name, layer in outcome.layers.items():
        budget = LAYERS.get(name)
        cost = f"{layer.cpu_s / outcome.unit:9.1f}{budget or '-':>9}{layer.cpu_s:9.1f}{layer.wall_s:9.1f}"
        yield f"{name:<14}{len(layer.tests):>7}{cost}"
    collected_s = sum(outcome.collection_cpu_s)
    processes = f"collection, {len(outcome.collection_cpu_s)} processes"
    yield f"{processes:<26}{collected_s / outcome.unit:4.1f}{'-':>9}{collected_s:9.1f}"
    counted = len({phase.test for phase in outcome.phases})
    budget_text = f"{WHOLE_RUN:.0f}" if outcome.is_whole else "-"
    yield f"{'all':<14}{counted:>7}{outcome.cost:9.1f}{budget_text:>9}{outcome.cpu_s:9.1f}{outcome.wall_s:9.1f}"
    if rooms := _unit_rooms(outcome):
        yield f"unit rooms, cost of each (budget {UNIT_ROOM:.0f}): {rooms}"
    yield f"one unit of cost: {outcome.units[0]:.3f} s of CPU before, {outcome.units[1]:.3f} s after"


def _unit_rooms(outcome: Outcome) -> str:
    unit = outcome.layers.get("unit")
    rooms = unit.rooms.items() if unit else ()
    return ", ".join(f"{name} {room.alone_s / outcome.unit:.1f}" for name, room in sorted(rooms))


def _phases(phases: Iterable[Phase], unit: float) -> Iterator[str]:
    for phase in phases:
        yield f"  {phase.cpu_s / unit:7.2f} {phase.wall_s:7.1f} s  {phase.when:<8} {phase.test[-LONGEST_NAME:]}"


def _verdict(outcome: Outcome) -> str:
    failed = [f"{part.name}: pytest's status {part.code}" for part in outcome.parts if part.code]
    failed += [f"{len(outcome.leaks)} left behind"] if outcome.leaks else []
    failed += [f"over {TOLERANCE} of a budget"] if outcome.excesses else []
    return f"FAILED ({'; '.join(failed)})" if outcome.code else "passed"
