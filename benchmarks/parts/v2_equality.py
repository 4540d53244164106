"""Whether Penstock and MLServer say the same to one V2 request about one MLflow model, field by field."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from benchmarks.http_client import post
from benchmarks.models import Model
from benchmarks.targets.base import Running

PEER = "mlserver-mlflow"
_FIELDS = ("name", "shape", "datatype")


def answered(running: Running, model: Model) -> Any:
    """The outputs for every example of the model in one request; where it is refused, `HTTP` and the status."""
    if running.v2 is None:
        return None
    answer = post(running.v2(model.rows))
    return json.loads(answer.body)["outputs"] if answer.status == 200 else f"HTTP {answer.status}"


def verdict(seen: Mapping[str, Any]) -> str:
    """`seen`: target → what `answered` gave. One line for the report."""
    own, peer = seen.get("penstock"), seen.get(PEER)
    if own is None or peer is None:
        return "not compared: both Penstock and MLServer's mlflow runtime are needed"
    if isinstance(own, str) or isinstance(peer, str):
        return f"not compared: Penstock {_short(own)}, MLServer {_short(peer)}"
    if len(own) != len(peer):
        return f"differ: {len(own)} outputs, MLServer {len(peer)}"
    differences = [line for one, other in zip(own, peer, strict=True) for line in _differences(one, other)]
    return f"differ: {'; '.join(differences)}" if differences else "equal"


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    found = [
        f"{name} {one.get(name)}, MLServer {other.get(name)}" for name in _FIELDS if one.get(name) != other.get(name)
    ]
    values, others = _flat(one.get("data")), _flat(other.get("data"))
    if len(values) != len(others) or not all(map(math.isclose, values, others)):
        found.append(f"data {values[:3]}…, MLServer {others[:3]}…")
    return found


def _flat(data: Any) -> list[float]:
    """V2 allows nested and flat data alike."""
    return [value for item in data for value in _flat(item)] if isinstance(data, list) else [data]


def _short(outputs: Any) -> str:
    return outputs if isinstance(outputs, str) else "answers"
