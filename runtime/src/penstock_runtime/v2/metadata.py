"""Open Inference V2: what a model says of its inputs and outputs."""

from __future__ import annotations

from typing import Any

import orjson

from penstock_runtime.v2.protocol import DATATYPES, ModelPath

_KINDS = {
    "boolean": ("BOOL", "np"),
    "integer": ("INT32", "np"),
    "long": ("INT64", "np"),
    "float": ("FP32", "np"),
    "double": ("FP64", "np"),
    "string": ("BYTES", "str"),
    "binary": ("BYTES", "base64"),
    "datetime": ("BYTES", "datetime"),
}


def metadata_body(metadata: Any, named: ModelPath, version: str | None) -> bytes:
    """The body of a metadata response, from the signature in `metadata`, which is MLflow's `Model`."""
    known = named.version or version
    answer: dict[str, Any] = {"name": named.name, "platform": "mlflow", "versions": [known] if known else []}
    signature = getattr(metadata, "signature", None)
    for key, prefix in (("inputs", "input-"), ("outputs", "output-")):
        schema = getattr(signature, key, None)
        answer[key] = [_tensor(spec, f"{prefix}{i}") for i, spec in enumerate(schema.inputs)] if schema else []
    if inputs := getattr(signature, "inputs", None):
        codec = "pd" if not inputs.is_tensor_spec() else "dict" if inputs.has_input_names() else "np"
        answer["parameters"] = {"content_type": codec}
    return orjson.dumps(answer)


def _tensor(spec: Any, name: str) -> dict[str, Any]:
    if hasattr(spec, "shape"):
        datatype, content_type = DATATYPES.get(spec.type.name, "BYTES"), "np"
        shape = list(spec.shape)
    else:
        datatype, content_type = _KINDS.get(getattr(spec.type, "name", ""), ("BYTES", "pd_json"))
        shape = [-1, 1]
    parameters = {"content_type": content_type}
    return {"name": spec.name or name, "datatype": datatype, "shape": shape, "parameters": parameters}
