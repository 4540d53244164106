"""What a pod finds out about its model before it says that it is ready.

The model's own input example goes through the whole scoring path, twice: the first call warms up, the second is timed.
Then answers of shared predicts are compared with those alone (`proof`), unless the owner has said whether rows may be
mixed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import orjson

from penstock_runtime.batching import Job
from penstock_runtime.dialects import Outcome
from penstock_runtime.errors import Refused
from penstock_runtime.loading import Loaded
from penstock_runtime.proof import prove
from penstock_runtime.sharing import Sharing

EXAMPLE_ID = "example"


@dataclass(frozen=True)
class Check:
    """What was found out when the model was loaded."""

    load_seconds: float
    status: str
    """`ok`, `failed`, or `absent` where no example was logged."""
    rows: int
    seconds: float | None
    message: str | None
    has_signature: bool

    def facts(self) -> dict[str, Any]:
        """For the pod's report."""
        milliseconds = None if self.seconds is None else round(self.seconds * 1000, 3)
        return {
            "load_ms": round(self.load_seconds * 1000, 3),
            "example": {
                "status": self.status,
                "rows": self.rows,
                "duration_ms": milliseconds,
                "message": self.message,
            },
            "has_signature": self.has_signature,
        }

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
        ]


def check_model(loaded: Loaded, sharing: Sharing) -> Check:
    """Try the model, and whether its rows may be mixed; what fails is reported, not raised."""
    rows, seconds, message = 0, None, None
    if loaded.example is not None:
        try:
            rows = loaded.reader.read(loaded.example).prepared.rows
            seconds, message = _try_twice(loaded)
        except Refused as refused:
            message = refused.message
    status = "absent" if loaded.example is None else "ok" if message is None else "failed"
    prove(loaded, sharing, has_example=status == "ok")
    has_signature = getattr(loaded.model.metadata, "signature", None) is not None
    return Check(loaded.load_seconds, status, rows, seconds, message, has_signature)


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
    return loaded.predictor.execute([job]).outcomes[0]
