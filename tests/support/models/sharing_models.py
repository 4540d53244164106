"""Models in this process, and callers of them: what they answer alone is recorded call by call."""

from __future__ import annotations

import asyncio
from collections import namedtuple
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from penstock_runtime.batching.batcher import Batcher
from penstock_runtime.batching.batches import BatchLimits
from penstock_runtime.batching.latency import ModelLatency
from penstock_runtime.errors import RequestRefused
from penstock_runtime.inference.jobs import PredictJob
from penstock_runtime.inference.prediction import Predictor
from penstock_runtime.inference.requests import CheckedRequest
from penstock_runtime.messages import SCORING, EncodedResponse, RawRequest, ResponseEncoder
from penstock_runtime.outputs.encoding import encode_output
from penstock_runtime.pod_log import PodLog
from penstock_runtime.sharing.policy import SharingPolicy, SharingRule

Values = np.ndarray[Any, np.dtype[np.float64]]
Pair = namedtuple("Pair", ["left", "right"])

ROWS: dict[str, Callable[[Values], Any]] = {
    "array": lambda v: v,
    "float32": lambda v: v.astype(np.float32),
    "integers": lambda v: (v * 1000).astype(int),
    "matrix": lambda v: np.column_stack([v, -v]),
    "three dimensions": lambda v: v.reshape(-1, 1, 1) * np.ones((1, 2, 3)),
    "object array": lambda v: np.array([f"{each:.3f}" for each in v], dtype=object),
    "texts": lambda v: np.array([f"{each:.3f}" for each in v]),
    "series": pd.Series,
    "categorical": lambda v: pd.Series(pd.Categorical([f"{each:.3f}" for each in v])),
    "nullable": lambda v: pd.Series((v * 1000).astype(int), dtype="Int64"),
    "frame": lambda v: pd.DataFrame({"a": v, "b": [f"{each:.3f}" for each in v]}),
    "sparse": lambda v: sparse.csr_matrix(np.column_stack([v, v])),
    "list": lambda v: v.tolist(),
    "records": lambda v: [{"a": each, "b": [each, -each]} for each in v.tolist()],
    "lists": lambda v: [[each, -each] for each in v.tolist()],
    "arrays by name": lambda v: {"left": v, "right": v * 2},
    "lists by name": lambda v: {"left": v.tolist(), "right": [str(each) for each in v.tolist()]},
    "labels": lambda v: np.where(v > 0, "yes", "no"),
}
"""One element for each row."""

WHOLE: dict[str, Callable[[Values], Any]] = {
    "list of two arrays": lambda v: [np.column_stack([v, -v]), np.column_stack([v * 2, v])],
    "list of three arrays": lambda v: [v, v * 2, v * 3],
    "list of frames": lambda v: [pd.DataFrame({"a": v}), pd.DataFrame({"b": v})],
    "list of records by target": lambda v: [{"p": v.tolist()}, {"q": v.tolist()}],
    "list of lists by target": lambda v: [v.tolist(), (v * 2).tolist()],
    "tuple": lambda v: (v, v * 2),
    "tuple of values": lambda v: tuple(v.tolist()),
    "named tuple": lambda v: Pair(v, v * 2),
    "targets first": lambda v: np.stack([v, v * 2]),
    "transposed": lambda v: pd.DataFrame({"a": v, "b": v * 2}).T,
    "fixed list": lambda v: ["a", "b"],
    "labels beside rows": lambda v: {"scores": v, "labels": ["a", "b", "c"]},
    "scalar beside rows": lambda v: {"scores": v, "model": "x"},
    "tuples by name": lambda v: {"left": (v, v), "right": (v, v)},
    "list in an object": lambda v: {"out": {"scores": v.tolist(), "labels": ["a", "b"]}},
    "scalar": lambda v: float(v.sum()),
    "number without dimension": lambda v: np.asarray(v.mean()),
    "squeezed": np.squeeze,
    "text": lambda v: "ab",
    "nothing": lambda v: None,
    "set": lambda v: {1, 2},
    "object array of arrays": lambda v: np.array([[v, None], [v, None]], dtype=object)[:, 0],
}
"""An answer to the whole request, whose length is now and then the number of rows."""


def codes_by_appearance(v: Values) -> Values:
    """As `Categorical.codes` of texts that are seen for the first time."""
    return pd.factorize(np.round(v, 1))[0].astype(float)


DEPENDENT: dict[str, Callable[[Values], Values]] = {
    "centred": lambda v: v - v.mean(),
    "ranked": lambda v: np.argsort(np.argsort(v)).astype(float),
    "sorted": np.sort,
    "reversed": lambda v: v[::-1],
    "codes by appearance": codes_by_appearance,
    "scaled by the largest": lambda v: v / np.abs(v).max(),
    "counted": lambda v: np.full(len(v), float(len(v))),
    "sum so far": np.cumsum,
}


@dataclass
class Rows:
    """One caller's rows."""

    values: Values
    key: Hashable | None = "k"

    @property
    def rows(self) -> int:
        return len(self.values)

    def join(self, others: Sequence[Rows]) -> Values:
        return np.concatenate([self.values, *(other.values for other in others)])


@dataclass
class Recorded:
    """A model that keeps its calls: rows in, bytes out (None: it raised)."""

    function: Callable[[Values], Any]
    calls: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def predict(self, data: Values, params: Any) -> Any:
        self.rows.append(len(data))
        try:
            output = self.function(data)
        except Exception:
            self.calls.append((data.tobytes(), None))
            raise
        self.calls.append((data.tobytes(), encode_output(output, strict=False)))
        return output


class NoPool:
    """No workers: all is predicted in this process."""

    is_usable = False

    def start_workers(self) -> None: ...

    def idle_worker(self) -> None: ...

    def return_worker(self, worker: object) -> None: ...


ENCODER = ResponseEncoder(lambda output: encode_output(output, strict=False), RequestRefused.body)


class Served:
    """A model behind the real batcher."""

    def __init__(self, function: Callable[[Values], Any], rule: SharingRule, rows: int = 256) -> None:
        self.model = Recorded(function)
        self.sharing = SharingPolicy(rule)
        self.predictor = Predictor(self.model, Silent())  # type: ignore[arg-type]
        self.limits = BatchLimits(rows=rows)

    def ask(self, rounds: Sequence[Sequence[Values]]) -> list[tuple[Values, EncodedResponse]]:
        """Each round's callers come at once."""
        return asyncio.run(self._ask(rounds))

    async def _ask(self, rounds: Sequence[Sequence[Values]]) -> list[tuple[Values, EncodedResponse]]:
        answers: list[tuple[Values, EncodedResponse]] = []
        batcher = Batcher(
            self.predictor.predict_batch, self.limits, NoPool(), self.sharing, ModelLatency(is_slow=False)
        )
        for callers in rounds:
            wanted = len(answers) + len(callers)
            for values in callers:
                batcher.submit(job(values, lambda outcome, values=values: answers.append((values, outcome))))  # type: ignore[misc]
            while len(answers) < wanted:
                await asyncio.sleep(0)
        return answers


def job(values: Values, deliver: Callable[[EncodedResponse], None] = lambda _: None) -> PredictJob:
    """A caller with these rows."""
    reading = CheckedRequest(Rows(values), None, "k", ENCODER)  # type: ignore[arg-type]
    return PredictJob("r", reading, RawRequest(SCORING, "", b"x"), deliver, lambda: False)


class Silent(PodLog):
    """Traces of models that raise on purpose are nobody's to read."""

    def write(self, text: str, request_id: str = "") -> None:
        return None
