"""A process that has imported what pods import, and forks a pod in milliseconds: `python -m penstock_runtime.zygote`.

Importing pandas, scikit-learn and MLflow takes seconds; a fork of a process that has them takes none. The starter holds
the other end of the socket `FD` (SOCK_SEQPACKET). This end says `ready`, then each message (`{"run": folder}` with the
descriptors of its order beside it, the pod's listening socket first) becomes a pod under its shim, started as the
shim's own file starts it, save that the pod goes on in the fork instead of executing its command; the answer is the
shim's exit code. The socket's end is ours.

Nothing here may start a thread or an event loop, or predict: a fork takes none of them along. Libraries are
loaded with one thread each; a pod raises that to its own number.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import importlib.util
import json
import os
import random
import socket
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

IMPORTED = (
    "mlflow.pyfunc",
    "mlflow.sklearn",
    "skops.io",
    "sklearn.pipeline",
    "sklearn.compose",
    "sklearn.preprocessing",
    "sklearn.linear_model",
    "sklearn.ensemble",
    "penstock_runtime.loading.loader",
    "penstock_runtime.server",
)
"""What most pods import; a library that is not there, or cannot be imported, is left out: a pod will say why."""
WITH_THREADS = ("polars",)
"""MLflow imports it, where it is installed, for datasets that no pod has."""
MAX_MESSAGE = 65_536
MAX_DESCRIPTORS = 4
READY = b"ready"
HAS_THREADS = b"threads"


def main(descriptor: int, shim_file: str) -> None:
    """Import, say so, fork until the starter is gone."""
    _import_all()
    shim = _load(shim_file)
    starter = socket.socket(fileno=descriptor)
    if len(os.listdir("/proc/self/task")) > 1:
        starter.send(HAS_THREADS)
        return
    gc.collect()
    gc.freeze()  # a collection in a pod would touch, and so copy, every page
    starter.send(READY)
    while True:
        message, descriptors, _, _ = socket.recv_fds(starter, MAX_MESSAGE, MAX_DESCRIPTORS)
        if not message:
            return
        code = _start(json.loads(message)["run"], descriptors, shim, starter)
        for received in descriptors:
            os.close(received)
        starter.send(str(code).encode())


def _import_all() -> None:
    """With what starts threads as it is imported left out: a process that has some cannot be forked."""
    for name in WITH_THREADS:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in IMPORTED:
        with suppress(Exception):
            importlib.import_module(name)
    for name in WITH_THREADS:
        del sys.modules[name]  # the pod of a model that uses it imports it


def _start(run: str, descriptors: Sequence[int], shim: ModuleType, starter: socket.socket) -> int:
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    code = 1
    try:
        starter.close()
        order = json.loads((Path(run) / "order.json").read_bytes())
        _renumber(descriptors, order["descriptors"])
        code = shim.main(run, run_pod)
    finally:
        os._exit(code)
    return code


def _renumber(descriptors: Sequence[int], wanted: Sequence[int]) -> None:
    """Have the descriptors under the numbers that the order names; aside first, since the numbers may overlap."""
    above = max((*descriptors, *wanted)) + 1
    aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, above) for descriptor in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    for descriptor, number in zip(aside, wanted, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)


def run_pod(order: dict[str, Any]) -> None:
    """Be the pod that the order describes, in this process. Does not return."""
    os.environ.clear()
    os.environ.update(order["environment"])
    tempfile.tempdir = None
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    _allow_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    sys.argv = ["penstock_runtime", *order["command"][3:]]
    code = _serve()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _serve() -> int:
    """As `python -m penstock_runtime` would; the exit code, where the server does not end the process itself."""
    try:
        from penstock_runtime.options import read_options  # noqa: PLC0415 — imported long ago, where it is there at all
        from penstock_runtime.server import run_server  # noqa: PLC0415

        run_server(read_options())
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 — the interpreter's part: say it, and end with 1
        traceback.print_exc()
        return 1
    return 0


def _allow_threads(count: int) -> None:
    """Let BLAS and OpenMP, loaded long ago, have as many threads as this pod; what is loaded later reads its variables.

    threadpoolctl comes with scikit-learn; without it they keep to one.
    """
    with suppress(ImportError):
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 — not a dependency of this package

        threadpool_limits(limits=count)


def _load(file: str) -> ModuleType:
    """The shim: a file of the scheduler's, which is not installed in a model's environment."""
    spec = importlib.util.spec_from_file_location("penstock_shim", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
