"""One loaded MLflow model: what it takes, whether its rows may be mixed, and its predict."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from mlflow.exceptions import MlflowException

from penstock_runtime.errors import COMPAT, invalid
from penstock_runtime.options import ServerOptions
from penstock_runtime.outputs.encoding import encode_output
from penstock_runtime.payloads.blocks import block_builder_for, read_block_rows
from penstock_runtime.payloads.inputs import PreparedRows, prepare_columns, prepare_tensors
from penstock_runtime.payloads.mlflow_compat import custom_metadata, enforce_params_schema
from penstock_runtime.payloads.mlflow_parsing import mlflow_message, prepare_with_mlflow
from penstock_runtime.payloads.parsing import ScoringRequest
from penstock_runtime.payloads.schema import ColumnSchema, misread_column, read_schema
from penstock_runtime.sharing.policy import SharingRule

ROW_WISE_KEY = "penstock.row_wise"
SIDE_EFFECT_FREE = frozenset(f"mlflow.{flavour}" for flavour in ("sklearn", "xgboost", "lightgbm", "catboost", "onnx"))
"""Loaders whose models do nothing but answer: they may be asked twice. A custom pyfunc may write, count, or pay."""

TAKES_ARRAYS = frozenset(("mlflow.sklearn",))
"""Loaders whose models may be asked with an array; whether they answer the same is tried out."""


class CheckedModel:
    """An MLflow pyfunc behind the checks of this server."""

    def __init__(self, pyfunc: Any, options: ServerOptions) -> None:
        self.metadata = pyfunc.metadata
        self.is_strict = options.types == "strict"
        self.schema = read_schema(self.metadata) if self.is_strict else None
        self.params_schema = getattr(self.metadata, "get_params_schema", lambda: None)()
        loader = (self.metadata.flavors.get("python_function") or {}).get("loader_module", "")
        self.sharing_rule = sharing_rule(options.row_wise, loader, custom_metadata(self.metadata))
        # MLflow's enforcement costs 0.9 ms a call; where it was done here already, and the loader is known not to look
        # at MLflow's prediction context, the model is called without it.
        is_enforced = self.schema is not None and not getattr(self.schema, "has_nested", False)
        direct = getattr(pyfunc, "_predict_fn", None) if loader in SIDE_EFFECT_FREE and is_enforced else None
        self._misread = misread_column(self.metadata) if self.is_strict and direct is None else None
        self._predict = direct or pyfunc.predict
        self.builder = block_builder_for(self.schema)
        if direct is not None and self.builder is not None and loader in TAKES_ARRAYS:
            self.builder.probe_arrays(direct)
        self._takes_params = takes_params(self._predict)

    def prepare(self, request: ScoringRequest) -> PreparedRows:
        """Check a payload.

        Raises:
            RequestRefused: 400.
        """
        if self._misread is not None:
            raise invalid(self._misread)
        if self.builder is not None and (rows := read_block_rows(request, self.builder)) is not None:
            return rows
        if self.schema is None:
            return prepare_with_mlflow(request, self.metadata, strict=self.is_strict)
        if isinstance(self.schema, ColumnSchema):
            return prepare_columns(request, self.schema)
        return prepare_tensors(request, self.schema)

    def check_params(self, given: dict[str, Any] | None) -> dict[str, Any] | None:
        """The parameters with the model's defaults, or `None` where it takes none.

        Raises:
            RequestRefused: 400, unknown (strict) or of a wrong type.
        """
        given = given or {}
        known = {param.name for param in self.params_schema.params} if self.params_schema else set()
        if self.is_strict and (unknown := sorted(given.keys() - known)):
            said = f"the model takes no such params: {', '.join(unknown)[:400]} ({COMPAT} ignores them)"
            raise invalid(said, ("params", unknown[0]))
        if not self.params_schema:
            return None
        try:
            return enforce_params_schema(given, self.params_schema)
        except MlflowException as error:
            raise invalid(mlflow_message(error), ("params",)) from None

    def encode(self, output: Any) -> bytes:
        """The body of a 200 for what the model returned.

        Raises:
            UnencodableOutput: it has something in it that JSON cannot say.
        """
        return encode_output(output, strict=self.is_strict)

    def predict(self, data: Any, params: dict[str, Any] | None) -> Any:
        """One call of the model."""
        return self._predict(data, params=params) if self._takes_params else self._predict(data)


def takes_params(predict: Callable[..., Any]) -> bool:
    """Whether a predict has a parameter of its own named `params`; `**params` are arguments for another function.

    As MLflow's `PyFuncModel.predict` decides: scikit-learn's `Pipeline.predict_proba(X, **params)` takes none.
    """
    parameter = inspect.signature(predict).parameters.get("params")
    return parameter is not None and parameter.kind is not inspect.Parameter.VAR_KEYWORD


def sharing_rule(wanted: str, loader: str, metadata: dict[str, Any]) -> SharingRule:
    """How it is decided whether rows of different callers share a predict: by the owner, or by comparing."""
    said = wanted if wanted != "auto" else str(metadata.get(ROW_WISE_KEY, "auto")).lower()
    if said in {"true", "false"}:
        return SharingRule.ALWAYS if said == "true" else SharingRule.NEVER
    return SharingRule.REQUESTS if loader in SIDE_EFFECT_FREE else SharingRule.LOAD
