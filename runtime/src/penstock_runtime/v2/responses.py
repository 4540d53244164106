"""Open Inference V2: what a model returned → tensors, as MLServer 1.7 writes them.

DataFrames are one output for each column, arrays one output with the content type `np`, lists of strings one
with `str`, objects of arrays one for each (`dict`); whatever has one dimension gets a second one of length 1.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from penstock_runtime.outputs.encoding import dump_json, to_plain, to_sliceable
from penstock_runtime.v2.protocol import DATATYPES

DEFAULT_NAME = "output-1"
OutputTensor = dict[str, Any]


def encode_infer_response(output: Any, head: dict[str, Any], wanted: Sequence[str]) -> bytes:
    """The body of a 200: `head` has the model's name and the request's id.

    Raises:
        UnencodableOutput: the output has something in it that no tensor can say.
    """
    content_type, outputs = output_tensors(output)
    if wanted:
        outputs = [each for each in outputs if each["name"] in wanted]
    answer = {**head, "parameters": {"content_type": content_type}, "outputs": outputs}
    return dump_json(answer)


def output_tensors(output: Any) -> tuple[str, list[OutputTensor]]:
    """The content type of the whole, and its outputs."""
    if isinstance(output, pd.DataFrame):
        return "pd", [_column(str(name), output.iloc[:, i]) for i, name in enumerate(output.columns)]
    if isinstance(output, dict):
        if all(isinstance(value, np.ndarray) for value in output.values()):
            return "dict", [_array(str(name), value) for name, value in output.items()]
        return output_tensors(pd.DataFrame([output] if not _has_lists(output) else output))
    if isinstance(output, pd.Series) or hasattr(output, "toarray"):
        output = to_sliceable(output)
    if isinstance(output, (list, tuple)):
        return _list(output)
    return "np", [_array(DEFAULT_NAME, np.asarray(output))]


def _has_lists(output: dict[Any, Any]) -> bool:
    return all(isinstance(value, (list, tuple, np.ndarray, pd.Series)) for value in output.values())


def _list(output: Sequence[Any]) -> tuple[str, list[OutputTensor]]:
    if output and all(isinstance(each, str) for each in output):
        return "str", [_bytes(DEFAULT_NAME, list(output), [len(output), 1], "str")]
    if output and all(isinstance(each, dict) for each in output):
        return output_tensors(pd.DataFrame(list(output)))
    return "np", [_array(DEFAULT_NAME, np.asarray(output))]


def _column(name: str, series: pd.Series[Any]) -> OutputTensor:
    # Integers of a nullable type would become floats, and be rounded, where one of them is null.
    values = series.to_numpy(dtype=object) if series.hasnans and series.dtype.kind in "iu" else series.to_numpy()
    if values.dtype.name in DATATYPES:
        return {key: value for key, value in _array(name, values).items() if key != "parameters"}
    texts = series.tolist()
    shape = [len(texts), 1]
    if all(isinstance(each, str) for each in texts):
        return _bytes(name, texts, shape, "str")
    return _bytes(name, [dump_json(to_plain(each)).decode() for each in texts], shape, "pd_json")


def _array(name: str, array: np.ndarray[Any, Any]) -> OutputTensor:
    shape = list(array.shape) if array.ndim > 1 else [array.size, 1]
    datatype = DATATYPES.get(array.dtype.name)
    if datatype is not None:
        data = to_plain(array.reshape(-1))
        return _tensor(name, shape, datatype, "np", data)
    texts = [_text(each) for each in array.reshape(-1).tolist()]
    return _bytes(name, texts, shape, "np")


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if isinstance(value, str) else dump_json(to_plain(value)).decode()


def _bytes(name: str, texts: list[str], shape: list[int], content_type: str) -> OutputTensor:
    return _tensor(name, shape, "BYTES", content_type, texts)


def _tensor(name: str, shape: list[int], datatype: str, content_type: str, data: Any) -> OutputTensor:
    parameters = {"content_type": content_type}
    return {"name": name, "shape": shape, "datatype": datatype, "parameters": parameters, "data": data}
