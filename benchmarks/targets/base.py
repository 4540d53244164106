"""What a target is: something that serves a model, a way to ask it for one row, and a way to read its answer."""

from __future__ import annotations

import contextlib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import load, usage
from benchmarks.children import BenchmarkFailed, ChildProcess, free_port
from benchmarks.environments import build, installed
from benchmarks.http_client import is_answering, post
from benchmarks.load import Request
from benchmarks.models import Model, Row
from benchmarks.options import Options

START_WITHIN_S = 120
TOLERANCE = 1e-6


@dataclass
class Running:
    """A target that answers. `pid`: the root of its processes; `notes`: what it found out by its end."""

    pid: int
    ask: Callable[[Row], Request]
    read: Callable[[Any], list[float]]
    answered: int = 0
    """2xx answers that callers got so far, all told."""
    notes: dict[str, Any] = field(default_factory=dict)
    v2: Callable[[Sequence[Row]], Request] | None = None
    """Several rows by the V2 protocol, a tensor for each column, where the target speaks it."""
    meter: Callable[[], float] | None = None
    """CPU seconds so far, where the tree below `pid` is not all."""

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all its processes so far."""
        return self.meter() if self.meter is not None else usage.cpu_s(self.pid)

    def load(self, row: Row, connections: int, seconds: int) -> load.Load:
        """Measure."""
        found = load.run(self.ask(row), connections, seconds)
        self.answered += found.ok
        return found

    def check(self, model: Model) -> None:
        """Raise Failed unless every example gets scikit-learn's own answer."""
        for row, expected in zip(model.rows, model.predictions, strict=True):
            answer = post(self.ask(row))
            if answer.status != 200:
                raise BenchmarkFailed(f"answers {answer.status} {answer.body[:200].decode(errors='replace')}")
            self.answered += 1
            (found,) = self.read(json.loads(answer.body))
            if not math.isclose(found, expected, abs_tol=TOLERANCE):
                raise BenchmarkFailed(f"predicts {found}, scikit-learn {expected}")


class Target(ABC):
    """One line of the table."""

    name: str
    title: str

    def __init__(self, options: Options) -> None:
        self.options = options

    @abstractmethod
    def prepare(self) -> dict[str, str]:
        """Make what serving needs; returns versions of what is measured. Failed: the reason why it cannot be."""

    @abstractmethod
    def serve(self, model: Model) -> AbstractContextManager[Running]:
        """Serve a model until the context ends."""

    def close(self) -> None:
        """Give back what `prepare` and `serve` kept between rounds."""
        return

    def log(self, model: Model) -> Path:
        """Where its processes write."""
        return self.options.cache / "logs" / f"{self.name}-{model.name}.log"


class Peer(Target):
    """A model server in an environment of its own, called directly."""

    environment: str
    packages: tuple[str, ...]

    def prepare(self) -> dict[str, str]:
        """Build the environment, if it is not there."""
        self.python = build(self.environment, self.options.cache)
        return {package: installed(self.python, package) for package in self.packages}

    @abstractmethod
    def start(self, model: Model, port: int) -> ChildProcess:
        """Start the server on 127.0.0.1:`port`."""

    @abstractmethod
    def request(self, row: Row, base: str) -> Request:
        """One row, for a server at `base` (`http://host:port`)."""

    @abstractmethod
    def read(self, answer: Any) -> list[float]:
        """Predictions out of the answer's JSON."""

    @contextlib.contextmanager
    def serve(self, model: Model) -> Iterator[Running]:
        """Serve until the context ends; ready means: it has answered a row."""
        port = free_port()
        with self.start(model, port) as child:
            running = Running(child.pid, lambda row: self.request(row, f"http://127.0.0.1:{port}"), self.read)
            child.wait_until(lambda: is_answering(running.ask(model.rows[0])), START_WITHIN_S, "a first answer")
            running.v2 = self.v2(f"http://127.0.0.1:{port}")
            yield running

    def v2(self, base: str) -> Callable[[Sequence[Row]], Request] | None:
        """How to ask it by the V2 protocol; None: not at all."""
        return None

    def command(self, *arguments: str | Path) -> list[str | Path]:
        """A script of the peer's environment, or a module of it (`-m`)."""
        return [self.python, *arguments]

    @property
    def variables(self) -> dict[str, str]:
        """Of the child: its own environment's programs come first."""
        return {
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "VIRTUAL_ENV": str(self.python.parents[1]),
        }
