"""Whom the command line talks to: the platform's own token goes to its platform alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.contexts import Contexts, NotRunning, Target, target_of
from penstock.launcher.home import Home, LaunchError, Ports
from penstock.launcher.state import ProcessView, RunState

API = 28123


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home whose control plane runs at API, in a shell that assumes 8000."""
    home = Home(tmp_path / "home", Ports())
    home.create()
    home.admin_token.write_text("pst_own\n")
    environ = {**os.environ, "PENSTOCK_HOME": str(home.path)}
    code = "print(1, flush=True); import time; time.sleep(600)"
    controller = subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE)
    assert controller.stdout is not None
    controller.stdout.readline()
    view = ProcessView("controller", controller.pid, "running", 0, f"127.0.0.1:{API}")
    RunState(1, ready=True, processes=(view,), ports={"api": API}).save(home)
    yield home
    controller.kill()
    controller.wait()
    controller.stdout.close()


def contexts(tmp_path: Path, target: Target | None = None) -> Contexts:
    return Contexts(tmp_path / "contexts.json", {"default": target} if target else {}, "default" if target else None)


def test_the_running_platform_is_talked_to_where_it_runs(home: Home, tmp_path: Path) -> None:
    found = target_of({}, contexts(tmp_path), home)

    assert (found.url, found.token) == (f"http://127.0.0.1:{API}", "pst_own")


def test_its_token_goes_to_no_assumed_port(home: Home, tmp_path: Path) -> None:
    for url in ("http://127.0.0.1:8000", home.api_url, "http://example.com"):
        with pytest.raises(LaunchError, match="no token for"):
            target_of({"PENSTOCK_URL": url}, contexts(tmp_path), home)


def test_without_a_platform_no_token_is_sent_anywhere(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Ports())
    home.create()
    home.admin_token.write_text("pst_own\n")
    for environ in ({}, {"PENSTOCK_TOKEN": "pst_given"}):
        with pytest.raises(NotRunning, match=r"is it up\? `./penstock up"):
            target_of(environ, contexts(tmp_path), home)


def test_a_token_may_stand_in_a_file(home: Home, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("pst_file\n")
    given = {"PENSTOCK_URL": "http://far", "PENSTOCK_TOKEN_FILE": str(tmp_path / "token")}

    assert target_of(given, contexts(tmp_path), home).token == "pst_file"
    assert target_of(given | {"PENSTOCK_TOKEN": "t"}, contexts(tmp_path), home).token == "t"
    with pytest.raises(LaunchError, match="nothing cannot be read: No such file"):
        target_of({"PENSTOCK_TOKEN_FILE": str(tmp_path / "nothing")}, contexts(tmp_path), home)


def test_a_context_and_a_given_token_win(home: Home, tmp_path: Path) -> None:
    known = Target("https://far", "pst_far")

    assert target_of({}, contexts(tmp_path, known), home) == known
    assert target_of({"PENSTOCK_TOKEN": "t"}, contexts(tmp_path, known), home) == Target("https://far", "t")
