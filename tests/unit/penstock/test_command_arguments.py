"""What the command line reads: model URIs, splits, the contexts file, and which token goes where."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from penstock.commands.cli.arguments import (
    default_service_name,
    parse_columns,
    parse_env,
    parse_expiry,
    parse_model_source,
    parse_weights,
    resolve_latest,
)
from penstock.contexts import Contexts, Target
from penstock.launcher.home import LaunchError


def test_a_model_uri_names_a_version_or_an_alias() -> None:
    assert parse_model_source("models:/wine_quality/3") == {"kind": "mlflow", "model": "wine_quality", "version": "3"}
    assert (
        resolve_latest(parse_model_source("models:/wine/latest"), lambda _: {"versions": ["9", "10"]})["version"]
        == "10"
    )
    assert resolve_latest(parse_model_source("models:/wine/3"), lambda _: {"versions": ["9"]})["version"] == "3"
    with pytest.raises(typer.BadParameter, match="models show wine"):
        parse_model_source("models:/wine")
    assert parse_model_source("models:/wine@champion") == {"kind": "mlflow", "model": "wine", "alias": "champion"}


NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_an_end_is_a_date_a_time_or_a_span() -> None:
    assert parse_expiry(None, None, NOW) is None
    assert parse_expiry("2030-01-01", None, NOW) == "2030-01-01T00:00:00Z"
    assert parse_expiry("2030-01-01T08:00:00+08:00", None, NOW) == "2030-01-01T08:00:00+08:00"
    spans = {"30d": "2026-05-31T12:00:00+00:00", "90m": "2026-05-01T13:30:00+00:00", "2w": "2026-05-15T12:00:00+00:00"}
    assert {span: parse_expiry(None, span, NOW) for span in spans} == spans


@pytest.mark.parametrize("span", ["30", "d", "-1d", "1y", "1d ", "999999w", "1.5h", "\u0661d"])
def test_what_is_no_span_of_time_is_refused(span: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_expiry(None, span, NOW)


def test_one_end_is_enough() -> None:
    with pytest.raises(typer.BadParameter, match="exclude"):
        parse_expiry("2030-01-01", "1d", NOW)


def test_variables_are_plain_or_a_key_of_a_secret() -> None:
    wanted = {"A": "1=2", "TOKEN": {"secret": "payments", "key": "token"}}
    assert parse_env(["A=1=2"], ["TOKEN=payments/token"]) == wanted
    for plain, secret in ((["A"], None), (["=1"], None), (["A=1", "A=2"], None), (["A=1"], ["A=s/k"]), (None, ["A=s"])):
        with pytest.raises(typer.BadParameter):
            parse_env(plain, secret)


@pytest.mark.parametrize(
    "text",
    [
        "wine",
        "models:/wine",
        "models:/wine/",
        "models:/wine/newest",
        "models:/a/b/1",
        "models:/wine@",
        "models:/wine/1\n",
    ],
)
def test_what_is_no_model_uri_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_model_source(text)


def test_a_service_is_named_after_its_model() -> None:
    assert default_service_name("Wine_Quality.v2") == "wine-quality-v2"
    assert len(default_service_name("x" * 200)) == 63


@pytest.mark.parametrize("pairs", [["id"], ["=id"], ["client_request_id="], ["a=b", "a=c"]])
def test_a_column_without_its_name_is_told_how_to_be_written(pairs: list[str]) -> None:
    assert parse_columns(["client_request_id=id", "b=c=d"], "--key", "") == {"client_request_id": "id", "b": "c=d"}
    with pytest.raises(typer.BadParameter, match=r"such as client_request_id=id|given twice") as refused:
        parse_columns(pairs, "--key", "client_request_id=id")
    assert refused.value.param_hint == "--key"


def test_weights_sum_to_a_hundred() -> None:
    assert parse_weights(["v1=90", "v2=10"]) == {"v1": 90, "v2": 10}


@pytest.mark.parametrize(
    "split", [["v1=90"], ["v1=50", "v1=50"], ["v1"], ["=100"], ["v1=1e2"], ["v1=-1", "v2=101"], ["v1=٥٠", "v2=50"]]
)
def test_what_is_no_split_is_refused(split: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        parse_weights(split)


def test_contexts_are_kept_private_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "penstock" / "contexts.json"
    contexts = Contexts.load(path)
    contexts.add("a", Target("http://a:8000", "token-a"))
    contexts.add("b", Target("http://b:8000", "token-b"))
    contexts.use("a")
    contexts.save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Contexts.load(path)
    assert (again.targets, again.current) == (contexts.targets, "a")
    assert "token-a" not in repr(again)
    with pytest.raises(LaunchError, match="known: a, b"):
        again.use("c")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"contexts": {"a": 1}}'])
def test_a_broken_contexts_file_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "contexts.json"
    path.write_text(text)
    with pytest.raises(LaunchError, match="cannot be read"):
        Contexts.load(path)


@pytest.mark.parametrize(("typed", "offered"), [("gro", ["groups"]), ("groups re", ["revoke"]), ("serv", ["services"])])
def test_a_shell_completes_commands(typed: str, offered: list[str]) -> None:
    words = f"penstock {typed}"
    asked = {"_PENSTOCK_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    script = Path(sys.executable).with_name("penstock")
    found = subprocess.run([script], env=os.environ | asked, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.split() == offered
