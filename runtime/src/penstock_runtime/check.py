"""What a pod finds out about its model before it says that it is ready.

The model's own input example goes through the whole scoring path, twice: the first call warms up, the second is timed.
Where the model's flavour alone says that its rows do not depend on each other, the example is predicted once more,
among other rows: an answer that differs by more than noise switches sharing off.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pandas as pd

from penstock_runtime.batching import Job, Outcome
from penstock_runtime.errors import Refused
from penstock_runtime.loading import Loaded
from penstock_runtime.outputs import split

if TYPE_CHECKING:
    from penstock_runtime.model import Model
    from penstock_runtime.reading import Reading

RELATIVE_TOLERANCE = 1e-6
EXAMPLE_ID = "example"
MAX_PROBE_ROWS = 64


@dataclass(frozen=True)
class Check:
    """What was found out; `body` is what `GET /check` answers."""

    load_seconds: float
    status: str
    """`ok`, `failed`, or `absent` where no example was logged."""
    rows: int
    seconds: float | None
    message: str | None
    row_wise: bool
    row_wise_reason: str
    has_signature: bool

    def body(self) -> bytes:
        """The check as JSON."""
        milliseconds = None if self.seconds is None else round(self.seconds * 1000, 3)
        example = {"status": self.status, "rows": self.rows, "duration_ms": milliseconds, "message": self.message}
        return orjson.dumps(
            {
                "load_ms": round(self.load_seconds * 1000, 3),
                "example": example,
                "row_wise": self.row_wise,
                "row_wise_reason": self.row_wise_reason,
                "has_signature": self.has_signature,
            }
        )

    def lines(self) -> list[str]:
        """The check in words, for the pod's output."""
        tried = {
            "ok": f"{self.rows} rows predicted in {(self.seconds or 0) * 1000:.1f} ms",
            "failed": f"failed: {self.message}",
            "absent": "none was logged with the model",
        }
        signature = "with" if self.has_signature else "without"
        unchecked = [] if self.has_signature else ["warning: no signature: inputs are not checked"]
        return [
            f"loaded a model {signature} a signature in {self.load_seconds * 1000:.0f} ms",
            *unchecked,
            f"the model's input example: {tried[self.status]}",
            f"rows of different callers: {'together' if self.row_wise else 'apart'}, says the {self.row_wise_reason}",
        ]


def check_model(loaded: Loaded) -> Check:
    """Try the model; what fails is reported, not raised. Switches `model.is_row_wise` off where the probe says so."""
    model = loaded.model
    rows, seconds, message, reading = 0, None, None, None
    if loaded.example is not None:
        try:
            reading = loaded.reader.read(loaded.example)
            rows = reading.prepared.rows
            seconds, message = _try_twice(loaded)
        except Refused as refused:
            message = refused.message
    status = "absent" if loaded.example is None else "ok" if message is None else "failed"
    wants_proof = status == "ok" and model.is_row_wise and model.row_wise_reason == "flavour"
    if wants_proof and reading is not None and not _is_row_wise(loaded, reading):
        model.is_row_wise, model.row_wise_reason = False, "probe"
    has_signature = getattr(model.metadata, "signature", None) is not None
    answer = (model.is_row_wise, model.row_wise_reason, has_signature)
    return Check(loaded.load_seconds, status, rows, seconds, message, *answer)


def _try_twice(loaded: Loaded) -> tuple[float | None, str | None]:
    """How long the second call took, or why one failed."""
    seconds = 0.0
    for _ in range(2):
        started = time.perf_counter()
        outcome = _ask(loaded)
        seconds = time.perf_counter() - started
        if outcome.status != 200:
            message = str(orjson.loads(outcome.body).get("message"))
            return None, f"{outcome.error}. {message}" if outcome.error and outcome.status >= 500 else message
    return seconds, None


def _ask(loaded: Loaded) -> Outcome:
    assert loaded.example is not None
    job = Job(EXAMPLE_ID, loaded.reader.read(loaded.example), loaded.example, lambda _: None, lambda: False)
    return loaded.predictor.execute([job])[0]


def _is_row_wise(loaded: Loaded, reading: Reading) -> bool:
    """Whether the example's answer stays the same among other rows; true where that cannot be tried."""
    prepared, params = reading.prepared, reading.params
    if prepared.key is None or not 0 < prepared.rows <= MAX_PROBE_ROWS:
        return True
    try:
        rows = prepared.join([])
        alone = split(loaded.model.predict(rows, params), [prepared.rows])
        return all(_is_same_among(loaded.model, rows, others, params, alone) for others in (varied(rows), rows))
    except Exception:  # noqa: BLE001 — rows that were made up may not be to the model's liking
        return True


def _is_same_among(
    model: Model, rows: Any, others: Any, params: dict[str, Any] | None, alone: list[Any] | None
) -> bool:
    """Whether the answer is the same with `others` in front, and again behind them."""
    count = _length(rows)
    parts = split(model.predict(joined(joined(rows, others), rows), params), [count, count, count])
    if parts is None or alone is None:
        return False
    return is_close(parts[0], alone[0]) and is_close(parts[2], alone[0])


def _length(rows: Any) -> int:
    return len(next(iter(rows.values()))) if isinstance(rows, dict) else len(rows)


def varied(data: Any) -> Any:
    """Other rows of the same kind: floats moved, all else as it is, the last row first."""
    if isinstance(data, pd.DataFrame):
        frame = data.iloc[::-1].reset_index(drop=True)
        floats = [name for name in frame.columns if frame[name].dtype.kind == "f"]
        return frame.assign(**{name: (frame[name] * 1.5 + 1).astype(frame[name].dtype) for name in floats})
    if isinstance(data, dict):
        return {name: varied(value) for name, value in data.items()}
    return (data[::-1] * 1.5 + 1).astype(data.dtype) if data.dtype.kind == "f" else data[::-1]


def joined(first: Any, second: Any) -> Any:
    """The rows of both."""
    if isinstance(first, pd.DataFrame):
        return pd.concat([first, second], ignore_index=True)
    if isinstance(first, dict):
        return {name: np.concatenate([value, second[name]]) for name, value in first.items()}
    return np.concatenate([first, second])


def is_close(one: Any, other: Any) -> bool:
    """Whether two answers are the same but for noise: 1e-6 of the number, or of the largest in its array."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and _are_close(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_close(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(is_close, one, other))
    if isinstance(one, float) and isinstance(other, float):
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
    return bool(one == other)


def _are_close(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    if one.dtype.kind != "f":
        return bool((one == other).all())
    finite = np.abs(other[np.isfinite(other)])
    noise = RELATIVE_TOLERANCE * float(finite.max(initial=0.0))
    return bool(np.allclose(one, other, rtol=RELATIVE_TOLERANCE, atol=noise, equal_nan=True))
