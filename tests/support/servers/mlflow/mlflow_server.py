"""One MLflow server for all processes of a test run: started by the first that needs it, ended with the last.

Each user holds a shared lock of a file, which the kernel gives back however a process ends; the server's keeper
(`python -m servers.mlflow.mlflow_server FOLDER PORT`) waits for that file alone, and then ends the server.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

import httpx
import pytest

from servers.ports import free_port
from test_run.shared_by_workers import folder_of_run, locked

SUPPORT = Path(__file__).parents[2]


@contextmanager
def shared_mlflow(factory: pytest.TempPathFactory, fill: Callable[[str], object]) -> Iterator[str]:
    """The address of a server that `fill` was called with once."""
    folder = folder_of_run(factory) / "mlflow"
    folder.mkdir(exist_ok=True)
    address = folder / "address"
    with locked(folder / "users", fcntl.LOCK_SH):
        with locked(folder / "starting"):
            if not address.exists():
                url = _start(folder)
                fill(url)
                address.write_text(url)
        yield address.read_text()


def _start(folder: Path) -> str:
    port = free_port()
    log = folder / f"keeper-{port}.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "servers.mlflow.mlflow_server", str(folder), str(port)]
        keeper = subprocess.Popen(command, cwd=SUPPORT, stdout=output, stderr=output, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 180
    with httpx.Client(base_url=url, timeout=2) as client:
        while time.monotonic() < deadline and keeper.poll() is None:
            with suppress(httpx.HTTPError):
                if client.get("/health").is_success:
                    keeper.returncode = 0  # it outlives this process, and nobody waits for it
                    return url
            time.sleep(0.1)
    keeper.kill()
    raise AssertionError(f"MLflow did not start: {log.read_text()[-2000:]}")


def keep(folder: Path, port: str) -> None:
    """Serve until nobody holds the lock of `users`."""
    data = mkdtemp(dir=folder)
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{data}/mlflow.db", "--artifacts-destination", f"{data}/artifacts"]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        with locked(folder / "users"):
            (folder / "address").unlink(missing_ok=True)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


if __name__ == "__main__":
    keep(Path(sys.argv[1]), sys.argv[2])
