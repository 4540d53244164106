"""Open Inference V2 for one model: its paths, its datatypes, and how its callers are answered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

import orjson

from penstock_runtime.errors import RequestRefused
from penstock_runtime.messages import RawRequest, ResponseEncoder
from penstock_runtime.options import ServerOptions

if TYPE_CHECKING:
    from penstock_runtime.v2.requests import InferRequest

PREFIX = b"/v2"
_MODEL = re.compile(r"/v2/models/(?P<name>[^/]+)(/versions/(?P<version>[^/]+))?(?P<rest>/ready|/infer)?/?")


DATATYPES = {
    "bool": "BOOL",
    **{f"{sign}int{bits}": f"{sign.upper()}INT{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
}
"""NumPy's name of a type → the protocol's; text and bytes are `BYTES`."""


@dataclass(frozen=True, slots=True)
class ModelPath:
    """Which model, and which of its versions, a path names; `rest` is `/infer`, `/ready` or nothing."""

    name: str
    version: str | None
    rest: str


def parse_model_path(path: str) -> ModelPath | None:
    """A path below `/v2/models`."""
    found = _MODEL.fullmatch(path)
    if found is None:
        return None
    version = found["version"]
    return ModelPath(unquote(found["name"]), unquote(version) if version else None, found["rest"] or "")


def error_body(refused: RequestRefused, request_id: str) -> bytes:
    """An error in the protocol's form."""
    return orjson.dumps({"error": refused.message})


def check_model_path(named: ModelPath, options: ServerOptions) -> None:
    """Refuse another model's name, or another version's.

    Raises:
        RequestRefused: 404.
    """
    if options.model_name is not None and named.name != options.model_name:
        raise RequestRefused(404, "RESOURCE_DOES_NOT_EXIST", f"Model {named.name[:100]} not found")
    if named.version is not None and options.model_version not in {None, named.version}:
        words = f"Model {named.name[:100]} with version {named.version[:100]} not found"
        raise RequestRefused(404, "RESOURCE_DOES_NOT_EXIST", words)


def response_encoder_for(request: InferRequest, raw: RawRequest, version: str | None) -> ResponseEncoder:
    """How one infer request is answered."""
    named = parse_model_path(raw.endpoint)
    head: dict[str, Any] = {"model_name": named.name if named else ""}
    if known := (named and named.version) or version:
        head["model_version"] = known
    head["id"] = request.id or raw.request_id or str(uuid4())

    def answer(output: Any) -> bytes:
        from penstock_runtime.v2.responses import encode_infer_response  # noqa: PLC0415 — pandas stands behind it

        return encode_infer_response(output, head, request.wanted)

    return ResponseEncoder(answer, error_body, takes_raw_output=True)
