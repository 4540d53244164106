"""A whole run on a tiny suite: what it reports, and what makes it fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from platforms.running_platform import until

SUPPORT = Path(__file__).parents[2] / "support"
CONFIGURATION = """
[pytest]
addopts = --import-mode=importlib -p xdist.plugin -p pytest_rerunfailures
pythonpath = tests
filterwarnings = error

"""
DETACH = """
import os, subprocess, sys
from pathlib import Path

def detach(folder):
    code = f"import os, time; open('{folder}/pid', 'w').write(str(os.getpid())); time.sleep(600)"
    start = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {code!r}], start_new_session=True)"
    subprocess.run([sys.executable, "-c", start], check=True)
    while not (Path(folder) / "pid").exists() or not (Path(folder) / "pid").read_text():
        pass
"""


@dataclass
class Suite:
    """A checkout with a few tests in it."""

    root: Path
    tmp: Path

    def write(self, name: str, *lines: str) -> None:
        file = self.root / "tests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n")

    changed: tuple[str, ...] = ("command.WORKERS = 1", "command.calibrate = lambda: 1.0")
    """What is other than in a real run: by default one worker, and no calibration."""

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        code = (
            f"import sys; sys.path.insert(0, {str(SUPPORT)!r})\n"
            "from pathlib import Path\n"
            f"from test_run import budgets, calibration, command\n{'; '.join(self.changed)}\n"
            f"root = Path({str(self.root)!r})\n"
            "sys.exit(command.run(sys.argv[1:], root, root / 'out' / 'report.json'))"
        )
        environment = os.environ | {"PYTHONPATH": str(SUPPORT), "TMPDIR": str(self.tmp), "ROOT": str(self.root)}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # only what a run needs: they take longer than the suite
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    def run(self, *arguments: str) -> tuple[int, str, dict[str, Any]]:
        """Exit status, output, report."""
        with self.start(*arguments) as process:
            output, _ = process.communicate(timeout=180)
        return process.returncode, output, json.loads((self.root / "out" / "report.json").read_text())

    def pid(self) -> int:
        file = self.root / "out" / "pid"
        until(lambda: file.exists() and file.read_text(), within=60, what="the detached process runs")
        return int(file.read_text())


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    made = Suite(tmp_path / "root", tmp_path / "tmp")
    made.tmp.mkdir()
    (made.root / "out").mkdir(parents=True)
    (made.root / "pytest.ini").write_text(CONFIGURATION)
    made.write("conftest.py", "pytest_plugins = ['test_run.plugin']")
    made.write("detaching.py", DETACH)
    made.write("unit/router/test_a.py", "def test_a(): pass")
    made.write("e2e/test_b.py", "def test_b(): pass")
    return made


def test_a_whole_run_is_one_summary(suite: Suite) -> None:
    suite.changed = ("calibration.SLICES = 1",)
    code, output, report = suite.run("-q")
    assert code == 0, output
    assert {name: layer["tests"] for name, layer in report["layers"].items()} == {
        "unit": 1,
        "e2e": 1,
        "shared servers": 2,
    }
    assert [part["name"] for part in report["parts"]] == ["all"]
    assert len(report["collection_cpu_s"]) == 3
    assert output.rstrip().endswith("passed")
    title, *costs = (suite.root / "out" / "last-run-costs.tsv").read_text().splitlines()
    assert title.split("\t") == ["cost", "wall_s", "when", "test"]
    assert len(costs) == 6, "a line for each set-up, call and tear-down"
    assert not list(suite.tmp.glob("pt-*"))


def test_a_group_of_files_runs_in_one_worker(suite: Suite) -> None:
    suite.changed = (*suite.changed, "command.WORKERS = 2")
    write = "Path(os.environ['ROOT'], 'out', {!r}).write_text(os.environ['PYTEST_XDIST_WORKER'])"
    names = [f"g{number}" for number in range(4)]
    for name in names:
        suite.write(
            f"e2e/test_{name}.py",
            "import os",
            "from pathlib import Path",
            "def test_it():",
            "    " + write.format(name),
        )
    suite.write(
        "conftest.py",
        "from test_run.groups import GROUP_OF",
        "pytest_plugins = ['test_run.plugin']",
        "def pytest_configure(config): config.stash[GROUP_OF] = lambda file: 'one' if 'e2e' in file else file",
    )
    code, output, _ = suite.run("-q")
    assert code == 0, output
    assert len({(suite.root / "out" / name).read_text() for name in names}) == 1


@pytest.mark.parametrize("part", ["unit/router/test_a.py", "e2e/test_b.py"])
def test_a_failure_in_any_group_fails_the_run(suite: Suite, part: str) -> None:
    suite.write(part, "def test_b(): assert False")
    code, output, _ = suite.run("-q")
    assert code == 1
    assert "FAILED (" in output
    assert len(list(suite.tmp.glob("pt-*"))) == 1, "the folders of a failed run are kept"


def test_cpu_is_given_to_the_layer_whose_children_use_it(suite: Suite) -> None:
    busy = "import time\nwhile time.process_time() < 0.7: pass"
    suite.write(
        "unit/router/test_a.py",
        "import subprocess, sys",
        f"def test_a(): subprocess.run([sys.executable, '-c', {busy!r}])",
    )
    _, _, report = suite.run("-q")
    assert report["layers"]["unit"]["cpu_s"] > 0.6
    assert report["layers"]["e2e"]["cpu_s"] < 0.4
    assert report["layers"]["unit"]["slowest"][0]["test"] == "tests/unit/router/test_a.py::test_a"
    assert report["cpu_s"] > report["layers"]["unit"]["cpu_s"] + sum(report["collection_cpu_s"]) - 0.1


@pytest.mark.parametrize("arguments", [("-q",), ("tests/unit",)], ids=["whole", "named"])
def test_only_a_whole_run_is_judged_by_its_cost(suite: Suite, arguments: tuple[str, ...]) -> None:
    suite.changed = (*suite.changed, "budgets.UNIT_ROOM = 0.2", "budgets.LARGE_UNIT_ROOMS = {'router': 5}")
    suite.write(
        "unit/small_room/test_a.py",
        "import time",
        "def test_a():",
        "    end = time.process_time() + 0.5",
        "    while time.process_time() < end: pass",
    )
    code, output, report = suite.run(*arguments)
    is_whole = arguments == ("-q",)
    assert (code, bool(report["over_budget"])) == (int(is_whole), is_whole), output
    assert ("unit tests of small_room cost" in output) == is_whole


def test_a_test_that_was_run_again_is_listed_with_its_first_failure(suite: Suite) -> None:
    suite.write(
        "unit/router/test_a.py",
        "import os, pytest",
        "from pathlib import Path",
        "@pytest.mark.flaky(reruns=2)",
        "def test_a():",
        "    tried = Path(os.environ['ROOT'], 'out', 'tried')",
        "    if not tried.exists():",
        "        tried.touch()",
        "        raise ValueError('too slow')",
    )
    code, output, report = suite.run("-q")
    assert code == 0, output
    (rerun,) = report["reruns"]
    assert rerun["test"] == "tests/unit/router/test_a.py::test_a"
    assert rerun["cause"].endswith("test_a.py:8: ValueError: too slow")
    assert rerun["cause"] in output.partition(" test run ")[2]


def test_what_a_test_leaves_behind_fails_the_run(suite: Suite) -> None:
    suite.write(
        "unit/router/test_a.py",
        "import os, tempfile",
        "from pathlib import Path",
        "from detaching import detach",
        "def test_process(): detach(Path(os.environ['ROOT'], 'out'))",
        "def test_folder(): tempfile.mkdtemp(prefix='left-')",
        "def test_checkout(): Path(os.environ['ROOT'], 'mlruns').mkdir()",
    )
    code, output, report = suite.run("-q")
    assert code == 1
    process, *folders = report["leaks"]
    assert len(folders) == 2, folders
    assert f"process {suite.pid()}" in process
    assert "test_a.py::test_process" in process
    assert "/left-" in folders[0]
    assert folders[1] == str(suite.root / "mlruns")
    assert "3 left behind" in output
    assert not psutil.pid_exists(suite.pid())


@pytest.mark.parametrize("victim", ["worker", "pytest", "run"])
def test_a_killed_process_of_the_run_leaves_nothing_running(suite: Suite, victim: str) -> None:
    suite.write(
        "unit/router/test_a.py",
        "import os, time",
        "from pathlib import Path",
        "from detaching import detach",
        "def test_a():",
        "    with Path(os.environ['ROOT'], 'workers').open('a') as file:",
        "        print(os.getpid(), file=file)",
        "    detach(Path(os.environ['ROOT'], 'out'))",
        "    time.sleep(600)",
        "def test_b(): pass",
    )
    with suite.start("-q") as process:
        detached = psutil.Process(suite.pid())
        worker = psutil.Process(int((suite.root / "workers").read_text()))
        main = worker.parents()[1]  # over the worker's guard
        os.kill({"worker": worker.pid, "pytest": main.pid, "run": process.pid}[victim], signal.SIGKILL)
        gone, _ = psutil.wait_procs([detached], 20)
        output, _ = process.communicate(timeout=120)
    assert gone, "the detached process still runs"
    assert process.returncode not in (0, None), output
    assert len((suite.root / "workers").read_text().split()) == 1, "the test in which its worker died was run again"
    if victim == "worker":
        assert "crashed" in output
        report = json.loads((suite.root / "out" / "report.json").read_text())
        assert report["layers"]["unit"]["tests"] == 2, "the other tests of the file run in the next worker"


def test_what_hangs_after_its_test_timed_out_ends_its_worker_and_is_told_at_once(suite: Suite) -> None:
    (suite.root / "pytest.ini").write_text(
        CONFIGURATION.replace("-p xdist.plugin", "-p xdist.plugin -p pytest_timeout")
    )
    suite.write(
        "conftest.py",
        "from test_run import hangs",
        "hangs.LEEWAY_S = 0.5",
        "pytest_plugins = ['test_run.plugin']",
    )
    suite.write(
        "unit/router/test_a.py",
        "import pytest, time",
        "@pytest.fixture",
        "def standing():",
        "    yield",
        "    time.sleep(600)",
        "@pytest.mark.timeout(0.5)",
        "def test_a(standing): time.sleep(600)",
        "def test_b(): pass",
    )
    with suite.start("-q") as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    during, _, ended = output.partition("= FAILURES =")
    assert "failed: tests/unit/router/test_a.py::test_a (call): " in during
    assert "crashed" in ended
    report = json.loads((suite.root / "out" / "report.json").read_text())
    assert report["layers"]["unit"]["tests"] == 2, "the other tests of the file run in the next worker"
