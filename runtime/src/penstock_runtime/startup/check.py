"""What a pod finds out about its model before it says that it is ready.

The model's own input example goes through the whole scoring path, twice: the first call warms up, the second is timed.
Then answers of shared predicts are compared with those alone (`sharing_proof`), unless the owner has said whether rows
may be mixed.
"""

from __future__ import annotations

import time
from typing import Any

import orjson
from mlflow.exceptions import MlflowException

from penstock_runtime.errors import RequestRefused
from penstock_runtime.inference.jobs import job_without_caller
from penstock_runtime.loading.loader import LoadedModel
from penstock_runtime.messages import EncodedResponse
from penstock_runtime.report import ModelCheck
from penstock_runtime.sharing.policy import SharingPolicy
from penstock_runtime.startup.sharing_proof import prove_sharing

EXAMPLE_ID = "example"
MAX_SIGNATURE_BYTES = 128 * 1024
"""A column takes about 60 bytes; a larger signature is left out of the pod's report."""


def check_model(loaded: LoadedModel, sharing: SharingPolicy) -> ModelCheck:
    """Try the model, and whether its rows may be mixed; what fails is reported, not raised."""
    rows, seconds, message = 0, None, None
    if loaded.example is not None:
        try:
            rows = loaded.reader.read(loaded.example).prepared.rows
            seconds, message = _time_example(loaded)
        except RequestRefused as refused:
            message = refused.message
    status = "absent" if loaded.example is None else "ok" if message is None else "failed"
    prove_sharing(loaded, sharing, has_example=status == "ok")
    signature = getattr(loaded.model.metadata, "signature", None)
    return ModelCheck(
        loaded.load_seconds, status, rows, seconds, message, signature is not None, signature_texts(signature)
    )


def signature_texts(signature: Any) -> dict[str, str | None] | None:
    """A signature (MLflow's) as the JSON texts of its parts; None where there is none that can be told."""
    if signature is None:
        return None
    try:
        said = signature.to_dict()
    except (MlflowException, AttributeError, TypeError, ValueError):  # of a type that MLflow cannot write down
        return None
    texts = {part: said[part] for part in ("inputs", "outputs", "params") if isinstance(said.get(part), str)}
    return texts if sum(len(text.encode()) for text in texts.values()) <= MAX_SIGNATURE_BYTES else None


def _time_example(loaded: LoadedModel) -> tuple[float | None, str | None]:
    """How long the second call took, or why one failed."""
    seconds = 0.0
    for _ in range(2):
        started = time.perf_counter()
        response = _predict_example(loaded)
        seconds = time.perf_counter() - started
        if response.status != 200:
            message = str(orjson.loads(response.body).get("message"))
            return None, f"{response.error}. {message}" if response.error and response.status >= 500 else message
    return seconds, None


def _predict_example(loaded: LoadedModel) -> EncodedResponse:
    assert loaded.example is not None
    job = job_without_caller(EXAMPLE_ID, loaded.reader.read(loaded.example), loaded.example)
    return loaded.predictor.predict_batch([job]).responses[0]
