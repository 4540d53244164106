"""Real estimators, with and without an example: what is found out at load; twelve callers get their answers."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.models import Model as Metadata
from mlflow.models import infer_signature
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from models.sharing_models import NoPool, Silent
from penstock_runtime.batching.batcher import Batcher
from penstock_runtime.batching.batches import BatchLimits
from penstock_runtime.batching.latency import ModelLatency
from penstock_runtime.inference.jobs import PredictJob
from penstock_runtime.inference.model import CheckedModel, sharing_rule
from penstock_runtime.inference.prediction import Predictor
from penstock_runtime.inference.requests import RequestReader
from penstock_runtime.messages import SCORING, EncodedResponse, RawRequest
from penstock_runtime.options import ServerOptions
from penstock_runtime.outputs.equality import are_equal
from penstock_runtime.sharing.policy import SharingPolicy, SharingRule, SharingVerdict

with warnings.catch_warnings():  # MLflow warns of its own type hints when it is imported
    warnings.simplefilter("ignore")
    from penstock_runtime.loading.loader import LoadedModel
    from penstock_runtime.startup.check import check_model

pytestmark = pytest.mark.filterwarnings("ignore")
RNG = np.random.default_rng(3)
FRAME = pd.DataFrame(RNG.normal(size=(200, 2)), columns=["a", "b"])
WHOLE = pd.DataFrame({"a": RNG.integers(0, 50, 200), "b": RNG.normal(size=200)})
WORDS = pd.DataFrame({"word": RNG.choice(["red", "green", "blue", "grey", "pink"], 200)})
LOADER = "mlflow.sklearn"


class Pod:
    """A model with the parts that a pod has, in this process."""

    def __init__(
        self, predict: Callable[[Any], Any], frame: pd.DataFrame, example: pd.DataFrame | None, loader: str = LOADER
    ) -> None:
        metadata = Metadata(
            signature=infer_signature(frame), flavors={"python_function": {"loader_module": loader}}, metadata={}
        )
        self.predict = predict
        self.model = CheckedModel(
            SimpleNamespace(metadata=metadata, predict=predict, _predict_fn=predict), ServerOptions("x")
        )
        self.reader = RequestReader(self.model)
        asked = None if example is None else RawRequest(SCORING, "application/json", body_of(example))
        prints = Silent()
        predictor = Predictor(self.model, prints)
        self.loaded = LoadedModel(self.model, self.reader, predictor, prints, asked, 0.1, is_forkable=False)
        self.sharing = SharingPolicy(self.model.sharing_rule)

    def check(self) -> SharingVerdict:
        """What is known when the pod is ready."""
        check_model(self.loaded, self.sharing)
        return self.sharing.verdict

    def ask(self, frames: list[pd.DataFrame]) -> list[Any]:
        """Predictions for callers that all come at once."""
        return asyncio.run(self._ask(frames))

    async def _ask(self, frames: list[pd.DataFrame]) -> list[Any]:
        found: dict[int, EncodedResponse] = {}
        execute = self.loaded.predictor.predict_batch
        batcher = Batcher(execute, BatchLimits(), NoPool(), self.sharing, ModelLatency(is_slow=False))
        for i, frame in enumerate(frames):
            asked = RawRequest(SCORING, "application/json", body_of(frame))
            deliver = lambda outcome, i=i: found.update({i: outcome})  # noqa: E731
            batcher.submit(PredictJob(str(i), self.reader.read(asked), asked, deliver, lambda: False))
        while len(found) < len(frames):
            await asyncio.sleep(0)
        return [json.loads(found[i].body)["predictions"] for i in range(len(frames))]

    def alone(self, frame: pd.DataFrame) -> Any:
        """What the estimator itself gives."""
        output = self.predict(frame)
        if isinstance(output, pd.DataFrame):
            return output.to_dict(orient="records")
        return [each.tolist() for each in output] if isinstance(output, list) else output.tolist()


def body_of(frame: pd.DataFrame) -> bytes:
    return json.dumps({"dataframe_split": frame.to_dict(orient="split", index=False)}).encode()


def right(pod: Pod, frame: pd.DataFrame) -> None:
    """Twelve callers at once, each with the answer to its own row."""
    rows = [frame.iloc[i : i + 1].reset_index(drop=True) for i in range(12)]
    for answer, row in zip(pod.ask(rows), rows, strict=True):
        assert are_equal(answer, pod.alone(row))


@pytest.mark.parametrize("example", [None, FRAME.head(1), FRAME.head(2)])
@pytest.mark.parametrize("kind", [DecisionTreeClassifier, RandomForestClassifier])
def test_a_list_with_an_array_for_each_target(kind: Any, example: pd.DataFrame | None) -> None:
    targets = np.column_stack([FRAME["a"] > 0, FRAME["b"] > 0.3]).astype(int)
    more = {"n_estimators": 5} if kind is RandomForestClassifier else {}
    estimator = kind(random_state=0, **more).fit(FRAME, targets)
    pod = Pod(estimator.predict_proba, FRAME, example)
    assert (pod.check().shares, pod.check().reason) == (False, "structure")
    right(pod, FRAME)


def centred(frame: Any) -> Any:
    values = np.asarray(frame, dtype=float)
    return values - values.mean(axis=0)


def ranked(frame: Any) -> Any:
    values = np.asarray(frame, dtype=float)
    return np.argsort(np.argsort(values, axis=0), axis=0).astype(float)


def codes(frame: pd.DataFrame) -> Any:
    return pd.factorize(frame["word"])[0].reshape(-1, 1).astype(float)


def categories(frame: pd.DataFrame) -> Any:
    return frame["word"].astype("category").cat.codes.to_numpy().reshape(-1, 1).astype(float)


def only_whole(frame: pd.DataFrame) -> Any:
    return np.asarray(frame["a"] - frame["a"].mean(), dtype=float).reshape(-1, 1)


def plain(model: Any) -> Callable[[Any], Any]:
    """The model's predict, as MLflow's flavour calls it: without the parameters that a pipeline passes on."""

    def predict(data: Any) -> Any:
        return model.predict(data)

    return predict


def fitted(step: Any, frame: pd.DataFrame) -> Any:
    values = step(frame)
    model = make_pipeline(FunctionTransformer(step), LinearRegression()).fit(frame, values.sum(axis=1) * 5 + 7)
    return plain(model)


def labelled(frame: pd.DataFrame) -> Any:
    """A coarse answer of rows that depend."""
    model = make_pipeline(FunctionTransformer(centred), LogisticRegression())
    model.fit(frame, frame["a"] > frame["a"].mean())
    return plain(model)


def sorted_frame(frame: pd.DataFrame) -> Any:
    return frame.sort_values("a").reset_index(drop=True)


def shuffled(frame: Any) -> Any:
    return np.random.default_rng().permutation(np.asarray(frame, dtype=float)[:, 0])


EQUAL = pd.concat([WHOLE.head(1)] * 3, ignore_index=True)
DEPENDENT: dict[str, tuple[Any, pd.DataFrame, list[pd.DataFrame | None]]] = {
    "centred": (fitted(centred, FRAME), FRAME, [None, FRAME.head(1), FRAME.head(70)]),
    "ranked": (fitted(ranked, FRAME), FRAME, [None, FRAME.head(1), FRAME.head(3)]),
    "integers": (fitted(centred, WHOLE), WHOLE, [None, WHOLE.head(1), WHOLE.head(2), EQUAL, WHOLE.head(70)]),
    "the integer counts": (fitted(only_whole, WHOLE), WHOLE, [None, WHOLE.head(1), EQUAL]),
    "codes by appearance": (fitted(codes, WORDS), WORDS, [None, WORDS.head(1), WORDS.head(3)]),
    "category codes": (fitted(categories, WORDS), WORDS, [None, WORDS.head(1), WORDS.head(3)]),
    "dummies": (pd.get_dummies, WORDS, [None, WORDS.head(1), WORDS.head(3)]),
    "labels": (labelled(FRAME), FRAME, [None, FRAME.head(1), FRAME.head(70)]),
    "sorted": (sorted_frame, FRAME, [None, FRAME.head(2)]),
}
CASES = [(name, i) for name, (_, _, examples) in DEPENDENT.items() for i in range(len(examples))]


@pytest.mark.parametrize("loader", [LOADER, "mlflow.pyfunc.model"])
@pytest.mark.parametrize(("name", "example"), CASES)
def test_rows_that_depend_on_each_other(name: str, example: int, loader: str) -> None:
    predict, frame, examples = DEPENDENT[name]
    pod = Pod(predict, frame, examples[example], loader)
    assert (pod.check().shares, pod.sharing.verdict.reason) == (False, "dependent")
    right(pod, frame)


def test_a_random_answer() -> None:
    pod = Pod(shuffled, FRAME, None)
    assert (pod.check().shares, pod.sharing.verdict.reason) == (False, "dependent")


ROW_WISE: dict[str, tuple[Any, pd.DataFrame]] = {
    "ridge": (Ridge().fit(FRAME, FRAME["a"]).predict, FRAME),
    "tree": (DecisionTreeRegressor().fit(FRAME, FRAME["a"]).predict, FRAME),
    "integers": (Ridge().fit(WHOLE, WHOLE["a"]).predict, WHOLE),
    "probabilities": (LogisticRegression().fit(FRAME, FRAME["a"] > 0).predict_proba, FRAME),
    "labels": (LogisticRegression().fit(FRAME, FRAME["a"] > 0).predict, FRAME),
    "words": (lambda frame: frame["word"].str.upper() + frame["word"], WORDS),
}


@pytest.mark.parametrize("loader", [LOADER, "mlflow.pyfunc.model"])
@pytest.mark.parametrize("has_example", [False, True])
@pytest.mark.parametrize("name", sorted(ROW_WISE))
def test_rows_that_are_independent_are_proven_at_load(name: str, has_example: bool, loader: str) -> None:
    predict, frame = ROW_WISE[name]
    pod = Pod(predict, frame, frame.head(2) if has_example else None, loader)
    assert (pod.check().shares, pod.sharing.verdict.reason) == (True, "example" if has_example else "signature")
    right(pod, frame)


def test_custom_code_that_takes_nothing_made_up_is_not_shared() -> None:
    def predict(frame: Any) -> Any:
        raise ValueError("another thing is wanted")

    pod = Pod(predict, FRAME, None, "mlflow.pyfunc.model")
    assert (pod.check().shares, pod.sharing.verdict.reason) == (False, "unproven")


@pytest.mark.parametrize(
    ("option", "metadata", "loader", "rule"),
    [
        ("auto", {}, LOADER, SharingRule.REQUESTS),
        ("auto", {}, "mlflow.pyfunc.model", SharingRule.LOAD),
        ("auto", {"penstock.row_wise": True}, "mlflow.pyfunc.model", SharingRule.ALWAYS),
        ("auto", {"penstock.row_wise": "false"}, LOADER, SharingRule.NEVER),
        ("true", {"penstock.row_wise": False}, LOADER, SharingRule.ALWAYS),
        ("false", {"penstock.row_wise": True}, LOADER, SharingRule.NEVER),
    ],
)
def test_the_owner_decides_by_option_or_tag(
    option: str, metadata: dict[str, Any], loader: str, rule: SharingRule
) -> None:
    assert sharing_rule(option, loader, metadata) is rule
