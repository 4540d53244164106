"""A model server as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx


class ModelPod:
    """Looks to a data plane like any pod: it has a `name` and a `port`."""

    def __init__(
        self, model: Path, log: Path, *options: str, name: str = "wine-v1-0", python: Path = Path(sys.executable)
    ) -> None:
        self.name = name
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [python, "-m", "penstock_runtime", "--model-path", str(model), *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
                cwd=log.parent,  # old MLflows make a folder `mlruns` where they run
            )
        self._wait_for(lambda: "listening on" in log.read_text())
        self.port = int(log.read_text().partition("listening on 127.0.0.1:")[2].partition(";")[0])

    def wait_until_ready(self) -> None:
        def answers() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{self.port}/ping").status_code == 200
            except httpx.TransportError:
                return False

        self._wait_for(answers)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(40)

    def _wait_for(self, condition: object, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():  # type: ignore[operator]
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
