"""What users of MLflow send: our answer beside that of MLflow's own scoring server, for the same model and body."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from penstock_runtime.errors import RequestRefused
from penstock_runtime.inference.jobs import PredictJob
from penstock_runtime.messages import SCORING, RawRequest
from penstock_runtime.options import ServerOptions
from penstock_runtime.payloads.type_hints import SERVING
from penstock_runtime.pod_log import PodLog

pytestmark = pytest.mark.filterwarnings("ignore")
HERE = Path(__file__).parent
PICTURE = bytes(range(256))


@dataclass
class Answer:
    """A status, and what the body says."""

    status: int
    json: Any

    @property
    def predictions(self) -> Any:
        return self.json["predictions"]

    @property
    def message(self) -> str:
        return str(self.json["message"])


class Served:
    """One model, behind our scoring path and behind MLflow's, in this process."""

    def __init__(self, folder: Path, types: str) -> None:
        from penstock_runtime.loading.loader import load_model  # noqa: PLC0415 — MLflow warns when it is imported

        self.loaded = load_model(ServerOptions(str(folder), types=types), PodLog())
        self.folder = folder

    def ask(self, document: Any) -> Answer:
        return self._answer(RawRequest(SCORING, "application/json", json.dumps(document).encode()))

    def csv(self, text: str) -> Answer:
        return self._answer(RawRequest(SCORING, "text/csv", text.encode()))

    def example(self) -> Answer:
        """The answer to the example that was logged with the model."""
        assert self.loaded.example is not None
        return self._answer(self.loaded.example)

    def _answer(self, asked: RawRequest) -> Answer:
        try:
            job = PredictJob("id", self.loaded.reader.read(asked), asked, lambda _: None, lambda: False)
        except RequestRefused as refused:
            return Answer(refused.status, json.loads(refused.body("id")))
        outcome = self.loaded.predictor.predict_batch([job]).responses[0]
        return Answer(outcome.status, json.loads(outcome.body))

    def mlflow(self, document: Any) -> Answer:
        """What `mlflow models serve` answers."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
        from mlflow.pyfunc import load_model, scoring_server  # noqa: PLC0415

        model = load_model(str(self.folder))
        schema = model.metadata.get_input_schema()
        try:
            reply = scoring_server.invocations(json.dumps(document), "application/json", model, schema)
        except MlflowException as error:
            return Answer(error.get_http_status_code(), {"message": error.message})
        return Answer(reply.status, json.loads(reply.response))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("request-models")
    subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "save_request_models.py"), str(target)],
        check=True,
        capture_output=True,
    )
    return target


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Callable[..., Served]]:
    """Serve one of the models, each loaded once."""
    before = os.environ.get(SERVING)

    @cache
    def _serve(name: str, types: str = "strict") -> Served:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Served(folder / name, types)

    yield _serve
    if before is None:
        os.environ.pop(SERVING, None)


def split(columns: list[Any] | None, *rows: list[Any]) -> dict[str, Any]:
    return {"dataframe_split": {"data": list(rows)} | ({} if columns is None else {"columns": columns})}


NESTED = {"n": 7, "b": False, "tags": ["x", "long text"]}
AS_MLFLOW = [
    ("weekdays", {"inputs": ["2024-02-29T12:00:00", "2024-03-03"]}),
    ("reversed", {"inputs": []}),
    ("hinted", {"inputs": [{"at": "2024-02-29T12:00:00+01:00"}]}),
    ("large", {"inputs": [2**63, -(10**25), 1]}),
    ("cubes", split(["n"], [2**63 - 1], [-(2**63)], [3])),
    ("keys", split(["twice"], [False])),
    ("echo_labels", split([0, 1, 2], [1.0, 2.0, 3.0])),
    ("echo_labels", split(None, [1.0, 2.0, 3.0])),
    ("echo_labels", split([2, 0, 1], [3.0, 1.0, 2.0])),
    ("echo_labels", {"inputs": [[1.0, 2.0, 3.0]]}),
    ("echo_labels", {"instances": [[1.0, None, 3.0]]}),
    ("echo_mixed_labels", split([1, "a"], [2, 1])),
    ("echo_unnamed", {"inputs": "one"}),
    ("echo_unnamed", {"inputs": ["one", "two"]}),
    ("echo_unnamed", split(None, ["one"])),
    ("echo_unnamed", split(["any"], ["one"])),
    ("echo_text", {"inputs": ["one", "two"]}),
    ("echo_missing", split(["double", "float"], [None, 1.5], [2.5, None])),
    ("echo_missing", {"dataframe_records": [{"double": None, "float": None}]}),
    ("echo_missing", {"inputs": {"double": [1.5, None], "float": [None, 0.5]}}),
    ("echo_nested", {"dataframe_records": [NESTED]}),
    ("echo_nested", {"inputs": [NESTED]}),
    ("echo_nested", {"inputs": NESTED}),
    ("echo_nested", {"dataframe_records": [{**NESTED, "scores": {"a": 1.5}, "matrix": [[], [1.5]]}]}),
    ("echo_nested", {"dataframe_records": [{**NESTED, "scores": None, "person": None, "matrix": None}]}),
    ("echo_nested", {"dataframe_records": [{**NESTED, "person": {"name": "Ann", "age": None}}]}),
    ("missing_columns", split(["alcohol", "malic_acid", "ash"], [13.0, None, 2.0], [None, None, None])),
    ("missing_tensor", {"inputs": [[1.5, None], [2.0, 3.0]]}),
    ("missing_tensor", {"instances": [[None, 1]]}),
    ("predict_proba", split(["alcohol", "malic_acid", "ash"], [13.0, 2.0, 2.0])),
    ("predict_log_proba", split(["alcohol", "malic_acid", "ash"], [13.0, 2.0, 2.0])),
]


@pytest.mark.parametrize(("model", "document"), AS_MLFLOW)
def test_answers_are_mlflows_own(served: Any, model: str, document: Any) -> None:
    ours, theirs = served(model).ask(document), served(model).mlflow(document)
    assert (ours.status, theirs.status) == (200, 200), (ours.json, theirs.json)
    assert ours.predictions == theirs.predictions


OWN_EXAMPLES = [
    "weekdays", "reversed", "echo_binary", "echo_labels", "missing_columns", "missing_tensor", "predict_proba",
]  # fmt: skip


@pytest.mark.parametrize("types", ["strict", "compat"])
@pytest.mark.parametrize("model", OWN_EXAMPLES)
def test_the_example_that_mlflow_wrote_is_answered(served: Any, model: str, types: str) -> None:
    assert served(model, types).example().status == 200


@pytest.mark.parametrize("written", [base64.b64encode, base64.encodebytes])
def test_bytes_go_in_and_out_as_base64(served: Any, written: Any) -> None:
    text = written(PICTURE).decode()
    answer = served("reversed").ask({"inputs": [text]})
    assert base64.b64decode(answer.predictions[0]) == PICTURE[::-1]
    echoed = served("echo_binary").ask({"dataframe_records": [{"picture": text}]})
    assert echoed.predictions == [repr([("picture", "bytes", PICTURE)])]


LABELS_AS_TEXT = [
    {"dataframe_records": [{"0": 1.0, "1": 2.0, "2": 3.0}]},
    {"inputs": {"2": [3.0], "1": [2.0], "0": [1.0]}},
    split(["0", "1", "2"], [1.0, 2.0, 3.0]),
]


@pytest.mark.parametrize("document", LABELS_AS_TEXT)
def test_keys_of_json_stand_for_labels_that_are_numbers(served: Any, document: Any) -> None:
    wanted = [repr([(0, "float", 1.0), (1, "float", 2.0), (2, "float", 3.0)])]
    assert served("echo_labels").ask(document).predictions == wanted
    assert served("echo_labels").csv("0,1,2\n1,2,3\n").predictions == wanted


NESTED_THAT_MLFLOW_REFUSES = [
    ({"scores": {"a": 2}}, "('scores', 'dict', {'a': np.float64(2.0)})"),
    ({"small": [1, 2]}, "('small', 'ndarray', array([1, 2], dtype=int32))"),
    (
        {"days": ["2024-02-29T12:00:00+01:00"]},
        "('days', 'ndarray', array(['2024-02-29T11:00:00.000000000'], dtype='datetime64[ns]'))",
    ),
]


@pytest.mark.parametrize(("cells", "said"), NESTED_THAT_MLFLOW_REFUSES)
def test_numbers_and_dates_in_nested_columns_are_read(served: Any, cells: Any, said: str) -> None:
    assert said in served("echo_nested").ask({"dataframe_records": [{**NESTED, **cells}]}).predictions[0]


NAMES = ["alcohol", "malic_acid", "ash"]
REFUSED = [
    (
        "missing_columns",
        {"dataframe_records": [dict.fromkeys(NAMES, 1.0), {"ash": 1}]},
        "row 1 has no value for column 'alcohol'; send null for a missing number",
    ),
    ("weekdays", {"inputs": ["yesterday"]}, "inputs.0: 'yesterday' is not an ISO 8601 date or time"),
    ("weekdays", {"inputs": [1709208000000]}, "Expected type datetime, but got int"),
    ("weekdays", split(["x"], ["2024-02-29"]), "takes inputs"),
    ("hinted", {"inputs": [{"at": "soon"}]}, "inputs.0.at: 'soon' is not an ISO 8601 date or time"),
    ("reversed", {"inputs": [7]}, "Expected type bytes, but got int"),
    ("reversed", {"inputs": ["!!!"]}, "is not base64"),
    ("reversed", {"inputs": [base64.urlsafe_b64encode(PICTURE).decode()]}, "is not base64"),
    ("echo_binary", {"dataframe_records": [{"picture": "-_-_"}]}, "row 0, column 'picture': '-_-_' is not base64"),
    ("cubes", split(["n"], [2**63]), "does not fit into 64 bits"),
    ("cubes", split(["n"], [1e300]), "does not fit into 64 bits"),
    ("cubes", split(["n"], [3], [None]), "row 1, column 'n': null cannot be held by an integer column; a double"),
    ("keys", split(["twice"], [None]), "`types: compat` makes it false"),
    ("missing_columns", split([*NAMES, "id"], [1, 2, 3, 4]), "extra columns: id (`types: compat` ignores them)"),
    ("missing_columns", split([*NAMES, "ash"], [1, 2, 3, 4]), "duplicate columns: ash"),
    ("missing_columns", {"columns": NAMES, "data": [[1, 2, 3]]}, 'send {"dataframe_split": {"columns"'),
    (
        "missing_columns",
        {"messages": [], "max_tokens": 5},
        'send what the model\'s signature names as {"inputs": {"mess',
    ),
    ("missing_columns", {**split(NAMES, [1, 2, 3]), "id": 7}, "unknown top-level keys: id (`types: compat` ignores"),
    ("echo_misread", split(["a", ""], [1, 2]), "no request fits this model's signature: its column 1 is named ''"),
    ("echo_labels", split([0, "0", 1], [1.0, 2.0, 3.0]), "duplicate columns: 0"),
    ("echo_labels", split([0, 1, 5], [1.0, 2.0, 3.0]), "missing columns: 2; extra columns: 5"),
    ("echo_text", {"inputs": [["one"]]}, "rows of inputs must be objects with the model's column names: text"),
]


@pytest.mark.parametrize(("model", "document", "said"), REFUSED)
def test_a_refusal_says_what_to_do(served: Any, model: str, document: Any, said: str) -> None:
    answer = served(model).ask(document)
    assert answer.status == 400
    assert said in answer.message


NOT_NESTED = [
    ("n", 2**63, "does not fit into 64 bits"),
    ("n", 2**64 - 1, "does not fit into 64 bits"),
    ("n", 1.5, "is not an integer"),
    ("n", True, "is not an integer"),
    ("n", "7", "is not an integer"),
    ("b", "false", "is not a boolean"),
    ("b", None, "makes it false"),
    ("more", 1, "extra columns: more"),
    ("tags", ["x", None], "null at 1 is not a string"),
    ("tags", [None, "long text"], "null at 0 is not a string"),
    ("tags", "x", "is not a list"),
    ("scores", {"a": "much"}, "'much' at a is not a number"),
    ("scores", [1.0], "is not an object"),
    ("person", {"age": 3}, "lacks properties: name"),
    ("person", {"name": "Ann", "shoe": 42}, "has properties that the model does not know: shoe"),
    ("person", {"name": "Ann", "age": 1.5}, "1.5 at age is not an integer"),
    ("matrix", [[1.0], ["x"]], "'x' at 1.0 is not a number"),
    ("small", [2**31], "does not fit into 32 bits"),
    ("days", ["soon"], "is not an ISO 8601 date or time"),
]


@pytest.mark.parametrize(("column", "value", "said"), NOT_NESTED)
def test_columns_beside_nested_ones_and_inside_them_are_strict(served: Any, column: str, value: Any, said: str) -> None:
    for document in ({"dataframe_records": [NESTED, {**NESTED, column: value}]}, {"inputs": {**NESTED, column: value}}):
        answer = served("echo_nested").ask(document)
        assert answer.status == 400
        assert said in answer.message


def test_lists_of_different_lengths_in_inputs_are_refused_with_the_way_out(served: Any) -> None:
    answer = served("echo_nested").ask({"inputs": [{**NESTED, "matrix": [[], [1.5]]}]})
    assert (answer.status, "dataframe_records can" in answer.message) == (400, True)


def test_keys_that_become_one_are_refused_in_a_sentence(served: Any) -> None:
    answer = served("keys").ask(split(["twice"], [True]))
    assert (answer.status, answer.json["error_code"]) == (500, "MODEL_ERROR")
    assert 'has two keys that are both "1"' in answer.message


def test_what_is_no_number_is_said_to_be_null_in_json(served: Any) -> None:
    body = b'{"inputs": [[1.5, NaN]]}'
    answer = served("missing_tensor")._answer(RawRequest(SCORING, "application/json", body))
    assert (answer.status, "NaN is not JSON: send null" in answer.message) == (400, True)


def test_the_examples_of_the_users_page(served: Any) -> None:
    page = (HERE.parents[2] / "docs" / "requests.md").read_text()
    blocks = re.findall(r"```json (request|answer)\n(.*?)```", page, re.DOTALL)
    assert [kind for kind, _ in blocks] == ["request", "answer"] * (len(blocks) // 2)
    for (_, request), (_, answer) in zip(blocks[::2], blocks[1::2], strict=True):
        assert served("members").ask(json.loads(request)).json == json.loads(answer)
    assert len(blocks) >= 10


def test_forked_workers_draw_other_numbers_and_a_failing_example_is_told_once(
    folder: Path, forked_pod: Any, tmp_path: Path
) -> None:
    pod = forked_pod(folder / "draws", tmp_path / "log", "--workers", "2").ready()
    try:
        example = pod.ask("GET", "/check").json["example"]
        assert (example["status"], example["message"].partition(". ")[0]) == ("failed", "ValueError: x is missing")
        draws: dict[float, list[float]] = {}
        with ThreadPoolExecutor(2) as callers:
            while len(draws) < 2:
                replies = list(callers.map(lambda _: pod.predict({"inputs": [{"x": 1.0}]}), range(2)))
                for worker, number in (reply.json["predictions"][0] for reply in replies):
                    draws.setdefault(worker, []).append(number)
        numbers = [number for drawn in draws.values() for number in drawn]
        assert len(set(numbers)) == len(numbers)
        assert pod.output.count("[request_id=example] ValueError: x is missing") == 1
    finally:
        pod.kill()
