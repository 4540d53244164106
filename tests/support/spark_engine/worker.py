"""Runs in the environment that has Spark: one session, commands as lines of JSON, answers as lines of JSON.

Asked: `{"job": [arguments of penstock-spark]}`, or `{"read": location}`. Answered: `{"code": 0, "error": ""}`, or
`{"rows": number, "columns": [names]}`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from typing import Any

from penstock_spark.__main__ import main
from penstock_spark.engine.session import open_session


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    if "read" in asked:
        rows = open_session("test").read.format("delta").load(asked["read"])
        return {"rows": rows.count(), "columns": rows.columns}
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = main(asked["job"])
    return {"code": code, "error": said.getvalue()}


def serve() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever else is printed
    for line in sys.stdin:
        try:
            found = answer(json.loads(line))
        except Exception as error:  # noqa: BLE001 - the test shows it
            found = {"code": 1, "error": str(error)[:9000]}
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    serve()
