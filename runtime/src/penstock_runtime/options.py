"""The settings of a model server; all come from its command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ServerOptions:
    """How one model is served."""

    model_path: str
    """Folder with the MLmodel file."""
    host: str = "127.0.0.1"
    """Address to listen on. Default 127.0.0.1."""
    port: int = 0
    """Port to listen on; 0 lets the system choose. Default 0."""
    fd: int | None = None
    """A listening socket that was handed over; host and port are then not looked at. Default none."""
    row_wise: str = "auto"
    """Whether rows of different callers may share a predict: auto, true, false. Default auto."""
    types: str = "strict"
    """strict: coerce without loss or answer 400; compat: as MLflow does. Default strict."""
    max_batch_rows: int = 256
    """Rows of different callers in one predict, at most. Default 256."""
    max_batch_bytes: int = 8_388_608
    """Bytes of the bodies of different callers in one predict, at most. Default 8 MiB."""
    workers: int = 1
    """Processes that predict, where the model takes long. Default 1."""
    model_name: str | None = None
    """The model's name on the paths of Open Inference V2; without one, any name is taken. Default none."""
    model_version: str | None = None
    """The same for its version. Default none."""
    max_request_rows: int = 100_000
    """Rows of one request, at most; more are 413. Default 100000."""
    max_body_bytes: int = 16_777_216
    """Bytes of one request's body, at most; more are 413. Default 16 MiB."""
    max_queue: int = 1024
    """Requests that wait for the model, at most; more are 503 at once. Default 1024."""
    drain_seconds: float = 30.0
    """After SIGTERM, the longest wait for requests in flight, seconds. Default 30."""


def read_options(arguments: Sequence[str] | None = None) -> ServerOptions:
    """Read the command line; a wrong one ends the process with code 2, as argparse does."""
    parser = argparse.ArgumentParser(prog="penstock_runtime", description="Serves one MLflow model over HTTP.")
    # A pod may have a link to where its model is kept, and MLflow loads nothing whose files lie behind one.
    parser.add_argument("--model-path", required=True, type=os.path.realpath)
    parser.add_argument("--host", default=ServerOptions.host)
    parser.add_argument("--port", type=int, default=ServerOptions.port)
    parser.add_argument("--fd", type=int)
    parser.add_argument("--row-wise", choices=("auto", "true", "false"), default=ServerOptions.row_wise)
    parser.add_argument("--types", choices=("strict", "compat"), default=ServerOptions.types)
    for name in _COUNTS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=_positive, default=getattr(ServerOptions, name))
    parser.add_argument("--model-name")
    parser.add_argument("--model-version")
    parser.add_argument("--drain-seconds", type=float, default=ServerOptions.drain_seconds)
    return ServerOptions(**vars(parser.parse_args(arguments)))


_COUNTS = ("max_batch_rows", "max_batch_bytes", "max_request_rows", "max_body_bytes", "max_queue", "workers")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number
