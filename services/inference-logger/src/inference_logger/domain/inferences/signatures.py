"""A model's signature, from MLflow's JSON texts: what its columns and its predictions are. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from inference_logger.domain.inferences.kinds import JSON, array_kind

UNNAMED_TENSOR = "inputs"
"""What the column of a tensor without a name is called."""

SCALAR_KINDS = {
    "boolean": "boolean",
    "integer": "bigint",
    "long": "bigint",
    "float": "double",
    "double": "double",
    "string": "string",
    "binary": "string",
    "datetime": "timestamp",
}
"""MLflow's data types; binary is base64 in JSON."""


@dataclass(frozen=True)
class Signature:
    """Names and kinds of inputs and outputs, in the model's order; empty where the signature does not say."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    output: str | None = None
    """The kind of predictions without a name."""
    is_named: bool = True
    is_tensor: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the inputs; positions, as text, where they have none."""
        return tuple(self.inputs)

    @cached_property
    def has_nested(self) -> bool:
        """Whether a cell of a table may be a list or an object."""
        return not self.is_tensor and any(kind == JSON or "_array" in kind for kind in self.inputs.values())

    @property
    def is_one_tensor(self) -> bool:
        """Whether all of the input is one tensor without a name."""
        return self.is_tensor and not self.is_named


NO_SIGNATURE = Signature()
SignatureKey = tuple[str | None, int | None]
"""Version id and generation; null where a record does not say."""


@dataclass(frozen=True)
class KnownSignatures:
    """The signatures of a service's versions, by version id and generation."""

    by_key: Mapping[tuple[str, int], Signature] = field(default_factory=dict)

    def of(self, key: SignatureKey) -> Signature | None:
        """That of the generation; None: it is not known."""
        version_id, generation = key
        return None if version_id is None or generation is None else self.by_key.get((version_id, generation))

    def nearest(self, key: SignatureKey) -> Signature:
        """That of the generation or of the last one before it: pods keep running where only the intent has changed."""
        found = self.of(key)
        if found is not None:
            return found
        version_id, generation = key
        earlier = [
            known
            for known in self.by_key
            if known[0] == version_id and generation is not None and known[1] < generation
        ]
        return self.by_key[max(earlier)] if earlier else NO_SIGNATURE


def parse_signature(inputs: str | None, outputs: str | None) -> Signature:
    """Read what MLflow wrote; what cannot be read says nothing."""
    given, returned = _specs(inputs), _specs(outputs)
    is_tensor = bool(given) and all(spec.get("type") == "tensor" for spec in given)
    is_named = all(spec.get("name") is not None for spec in given)
    single = _kind(returned[0]) if len(returned) == 1 else None
    return Signature(
        inputs={_name(spec, place, is_tensor): _kind(spec) for place, spec in enumerate(given)},
        outputs={str(spec["name"]): _kind(spec) for spec in returned if spec.get("name") is not None},
        output=single,
        is_named=is_named,
        is_tensor=is_tensor,
    )


def _specs(text: str | None) -> list[dict[str, Any]]:
    if not text:
        return []
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    specs = found if isinstance(found, list) else []
    return specs if all(isinstance(spec, dict) for spec in specs) else []


def _name(spec: Mapping[str, Any], place: int, is_tensor: bool) -> str:
    name = spec.get("name")
    if name is not None:
        return str(name)
    return UNNAMED_TENSOR if is_tensor else str(place)


def _kind(spec: Mapping[str, Any]) -> str:
    kind, dimensions = spec.get("type"), 0
    if kind == "tensor":
        return _tensor_kind(spec.get("tensor-spec"))
    while kind == "array" and isinstance(spec.get("items"), dict):
        spec, dimensions = spec["items"], dimensions + 1
        kind = spec.get("type")
    return array_kind(SCALAR_KINDS.get(str(kind), JSON), dimensions)


def _tensor_kind(spec: Any) -> str:
    if not isinstance(spec, dict) or not isinstance(spec.get("shape"), list):
        return JSON
    dtype = str(spec.get("dtype"))
    starts = {"float": "double", "int": "bigint", "uint": "bigint", "bool": "boolean", "str": "string", "object": JSON}
    scalar = next((kind for start, kind in starts.items() if dtype.startswith(start)), JSON)
    return array_kind(scalar, max(0, len(spec["shape"]) - 1))
