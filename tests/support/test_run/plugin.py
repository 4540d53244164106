"""Pytest plugin: measures every phase in the process that runs it, and collects all of them in the main one.

Facts are added to each report: `cpu_s`, `alone_s`, `ends_process`, and of a try that is run again `cause`, the place
and the first line of its failure. The main process lists re-runs at its end and leaves its record in the folder of the
run, if there is one.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from test_run.groups import GROUP_OF
from test_run.guard import RUN_FOLDER, guarding_pid
from test_run.hangs import EndingWhatHangs, configured_limit_s
from test_run.layers import END_OF_PROCESS, Phase
from test_run.names import name_operations, refuse_doubles
from test_run.processes import tree_cpu_s

TREE_FROM_S = 0.1
"""A phase that took longer has its children measured too (some ms); a shorter one counts this process alone."""

TELLER = "test_run_record"


class PhaseMeter:
    """CPU time since the last phase: every second of the tree is given to one phase, once."""

    def __init__(self) -> None:
        self._root = guarding_pid() or os.getpid()
        self._own_s = time.process_time()
        self._alone_s = sum(os.times()[:4])
        self._given_s = tree_cpu_s(self._root)

    def collected(self) -> float:
        """CPU seconds up to now, those of the interpreter's start and of imports included."""
        self._own_s, self._given_s = time.process_time(), tree_cpu_s(self._root)
        return self._given_s

    def since_last(self, wall_s: float) -> tuple[float, float]:
        """CPU seconds since this was last asked: of the tree, and without processes that go on beside the tests."""
        own_s, alone_s = time.process_time(), sum(os.times()[:4])
        used, used_alone = own_s - self._own_s, alone_s - self._alone_s
        if wall_s > TREE_FROM_S:
            used = max(0.0, tree_cpu_s(self._root) - self._given_s)
        self._own_s, self._alone_s = own_s, alone_s
        self._given_s += used
        return used, used_alone


class Measuring:
    """Runs where tests run: in each worker, or in the only process."""

    def __init__(self) -> None:
        self._meter = PhaseMeter()
        self._ends_process = False

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None and "hypothesis" in sys.modules:
            draw_first_examples()
        collected_s = self._meter.collected()
        if output is not None:
            output["collected_cpu_s"] = collected_s
        elif (recorder := session.config.pluginmanager.get_plugin(TELLER)) is not None:
            recorder.record.collection_cpu_s.append(collected_s)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, nextitem: pytest.Item | None) -> None:
        self._ends_process = nextitem is None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        report = yield
        report.cpu_s, report.alone_s = self._meter.since_last(call.duration)
        report.ends_process = call.when == "teardown" and self._ends_process
        return report


@dataclass
class Failure:
    """A try that failed."""

    test: str
    when: str
    cause: str


@dataclass
class Record:
    """What one pytest leaves for the run."""

    phases: list[Phase] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    reruns: list[Failure] = field(default_factory=list)
    """Tries that did not count."""
    collection_cpu_s: list[float] = field(default_factory=list)
    """Of each process that collected the tests."""


class Recording:
    """Runs in the main process, which hears of all phases.

    A failure is told at once: of a run that is ended from outside nothing else is left.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.record = Record()
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        cpu_s, alone_s = getattr(report, "cpu_s", 0.0), getattr(report, "alone_s", 0.0)
        when = END_OF_PROCESS if getattr(report, "ends_process", False) else report.when or ""
        measured = (round(seconds, 4) for seconds in (cpu_s, report.duration, alone_s))
        self.record.phases.append(Phase(report.nodeid, when, *measured))
        if report.outcome == "rerun":  # type: ignore[comparison-overlap]
            self.record.reruns.append(Failure(report.nodeid, report.when or "", cause_of(report)))
        elif report.failed:
            failure = Failure(report.nodeid, report.when or "", cause_of(report))
            self.record.failures.append(failure)
            self._tell(failure)

    def _tell(self, failure: Failure) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.write_line(f"\nfailed: {failure.test} ({failure.when}): {failure.cause}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        if (collected_s := getattr(node, "workeroutput", {}).get("collected_cpu_s")) is not None:
            self.record.collection_cpu_s.append(collected_s)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.record.reruns:
            terminalreporter.section("tests that were run again")
            for each in self.record.reruns:
                terminalreporter.line(f"{each.test} ({each.when}): {each.cause}")

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        if folder := os.environ.get(RUN_FOLDER):
            Path(folder, f"pytest-{os.getpid()}.json").write_text(json.dumps(asdict(self.record)))


def draw_first_examples() -> None:
    """With its first random example Hypothesis reads the constants of every loaded module: 3 s in a fresh checkout.

    Each process pays it once, whichever test comes first: it is no test's own cost.
    """
    from hypothesis import given, settings, strategies  # noqa: PLC0415 - where the tests have imported it

    given(strategies.floats())(settings(max_examples=5, database=None)(lambda _: None))()


def cause_of(report: pytest.TestReport) -> str:
    """`file:line: first line of the failure`."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return f"{crash.path}:{crash.lineno}: {crash.message.splitlines()[0] if crash.message else ''}"
    lines = str(report.longrepr).strip().splitlines()
    return lines[-1] if lines else "no reason given"


def pytest_configure(config: pytest.Config) -> None:
    """Measure where tests run, record in the main process; both in the only one."""
    is_worker = hasattr(config, "workerinput")
    has_workers = bool(getattr(config.option, "tx", None)) and not is_worker
    if not is_worker:
        config.pluginmanager.register(Recording(config), TELLER)
    if not has_workers:
        config.pluginmanager.register(Measuring(), "test_run_measuring")
        config.pluginmanager.register(EndingWhatHangs(configured_limit_s(config)), "test_run_hangs")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See that every test is one of its own, for workers too."""
    name_operations(items)
    refuse_doubles(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Groups by what the tests' conftest says; a test in which a worker died is not run again."""
    from test_run.scheduling import EachTestOnce  # noqa: PLC0415 - xdist is only needed where it schedules

    if config.getoption("dist") != "loadfile":
        return None
    return EachTestOnce(config, log, config.stash.get(GROUP_OF, lambda file: file))
