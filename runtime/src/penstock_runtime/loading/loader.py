"""Loads the model. The heavy imports stand here, so that they happen while the socket answers already."""

from __future__ import annotations

import gc
import os
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import mlflow.pyfunc
import numpy as np

from penstock_runtime.inference.model import CheckedModel
from penstock_runtime.inference.prediction import Predictor
from penstock_runtime.inference.requests import RequestReader
from penstock_runtime.loading.examples import read_example
from penstock_runtime.messages import RawRequest
from penstock_runtime.options import ServerOptions
from penstock_runtime.payloads.type_hints import SERVING
from penstock_runtime.pod_log import PodLog


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory, and what works with it."""

    model: CheckedModel
    reader: RequestReader
    predictor: Predictor
    log: PodLog
    example: RawRequest | None
    """The model's own input example, as a caller would send it."""
    load_seconds: float
    is_forkable: bool
    """Whether a child of this process can use the model: loading it has left no threads behind."""


def load_model(options: ServerOptions, log: PodLog) -> LoadedModel:
    """Load the model; raises whatever the model raises."""
    os.environ[SERVING] = "true"
    threads = _threads_after_blas_started()
    started = time.perf_counter()
    model = CheckedModel(mlflow.pyfunc.load_model(options.model_path), options)
    seconds = time.perf_counter() - started
    is_forkable = sys.platform == "linux" and _threads() <= threads
    # Libraries and model live as long as the process: the garbage collector need not walk them each time.
    gc.collect()
    gc.freeze()
    example = read_example(Path(options.model_path))
    return LoadedModel(
        model,
        RequestReader(model, options.model_version),
        Predictor(model, log),
        log,
        example,
        seconds,
        is_forkable,
    )


def _threads() -> int:
    """Threads of this process, native ones too; 0 where the system does not say."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 0


def _threads_after_blas_started() -> int:
    """How many threads there are once NumPy and SciPy have theirs: OpenBLAS survives a fork, so they do not count."""
    square = np.ones((256, 256))
    np.dot(square, square)
    if find_spec("scipy") is not None:
        from scipy.linalg.blas import dgemm  # noqa: PLC0415 — it brings an OpenBLAS of its own

        dgemm(1.0, square, square)
    return _threads()
