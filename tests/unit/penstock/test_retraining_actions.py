"""Options of `penstock retrain triggers create` as an action."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from penstock.commands.retraining.actions import ActionOptions


@pytest.mark.parametrize(
    ("options", "action"),
    [
        ({"webhook": "https://x"}, {"kind": "webhook", "url": "https://x"}),
        ({"airflow": "https://a", "dag": "d"}, {"kind": "airflow", "url": "https://a", "dag_id": "d"}),
        (
            {"argo": "https://a", "namespace": "n", "template": "t"},
            {"kind": "argo", "url": "https://a", "namespace": "n", "template": "t"},
        ),
        ({"github": "a/b"}, {"kind": "github", "repository": "a/b"}),
        (
            {"command": "python 't r.py'", "spec": "2C4G"},
            {
                "kind": "job",
                "files": {},
                "command": ["python", "t r.py"],
                "resource_source": {"kind": "shared", "spec": "2C4G"},
            },
        ),
        ({"project": "."}, {"kind": "job", "files": {}, "mlflow_project": {"uri": "."}}),
    ],
)
def test_options_make_an_action(options: dict[str, Any], action: dict[str, Any]) -> None:
    assert ActionOptions(**options).action() == action


def test_a_file_may_hold_it(tmp_path: Path) -> None:
    file = tmp_path / "action.json"
    file.write_text('{"kind": "webhook"}', encoding="utf-8")
    assert ActionOptions(action_file=file).action() == {"kind": "webhook"}


@pytest.mark.parametrize("text", ["{", "[]", None])
def test_what_is_no_action_is_a_usage_error(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "action.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(typer.BadParameter):
        ActionOptions(action_file=file).action()


def test_exactly_one_kind_is_given() -> None:
    for options in (ActionOptions(), ActionOptions(webhook="https://x", github="a/b")):
        with pytest.raises(typer.BadParameter, match="exactly one"):
            options.action()
