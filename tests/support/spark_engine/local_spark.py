"""A Spark of one machine in a process of its own, kept for the tests of a module."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("spark/src", "services/inference-logger/src", "services/monitor/src", "shared/src")
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData",
}
"""One small machine, for minutes: no more threads and compilation than that takes."""


@cache
def _bring() -> Any:
    spec = importlib.util.spec_from_file_location("deploy_spark", ROOT / "deploy/spark.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    try:
        return module.bring(ROOT)
    except module.NoSpark as error:
        return str(error)


class LocalSpark:
    """Jobs of `penstock-spark`, one after the other in one session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> LocalSpark:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    def kill(self) -> None:
        """SIGKILL for all of it; the next job starts it anew."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()  # closes its pipes
            self._process = None

    def job(self, *arguments: object) -> None:
        """Run one to its end."""
        found = self.ask({"job": [str(each) for each in arguments]})
        assert found["code"] == 0, found["error"]

    def refused(self, *arguments: object) -> str:
        """What it says; it has to refuse."""
        found = self.ask({"job": [str(each) for each in arguments]})
        assert found["code"] == 2, found
        return str(found["error"])

    def read(self, location: Path) -> dict[str, Any]:
        """Number of rows, and columns, of a table as Spark sees it."""
        return self.ask({"read": str(location)})

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.send(asked)
        process = self.process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (self.folder / "spark.log").read_text()[-3000:]
        found: dict[str, Any] = json.loads(line)
        return found

    def send(self, asked: dict[str, Any]) -> None:
        """Without waiting for the answer."""
        process = self.process
        assert process.stdin is not None
        print(json.dumps(asked), file=process.stdin, flush=True)

    @property
    def process(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = self._start()
        return self._process

    def _start(self) -> subprocess.Popen[str]:
        spark = _bring()
        if isinstance(spark, str):
            pytest.skip(f"no Spark: {spark}")
        settings = [f"--conf '{name}={value}'" for name, value in SETTINGS.items()]
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SPARK"))}
        environ |= {
            "PYTHONPATH": os.pathsep.join(str(ROOT / each) for each in SOURCES),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYSPARK_PYTHON": str(spark.python),
            "PYSPARK_SUBMIT_ARGS": f"--master local[1] --driver-memory 1g --jars {spark.jars} {' '.join(settings)} "
            "pyspark-shell",
            "SPARK_LOCAL_DIRS": str(self.folder),
        }
        with (self.folder / "spark.log").open("a") as said:
            return subprocess.Popen(
                [spark.python, Path(__file__).with_name("worker.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                env=environ,
                cwd=self.folder,
                start_new_session=True,
            )
