"""`penstock environments`: those that were built on this machine for models. For whoever runs the platform here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Annotated, Any

import typer

from penstock.counted import counted
from penstock.launcher.home import Home, LaunchError

app = typer.Typer(help="Environments that were built for models, on this machine.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show every environment: its size, when a pod was last started in it, the pods that use it."""
    _show(_run_environments(), as_json=as_json)


@app.command()
def prune(
    unused_for: Annotated[float, typer.Option(help="Days without a start of a pod.", min=0)] = 7,
    as_json: AsJson = False,
) -> None:
    """Remove environments that no pod uses. What a model needs later is built again."""
    _show([each for each in _run_environments(str(unused_for)) if each["is_removed"]], as_json=as_json)


def _run_environments(*arguments: str) -> list[dict[str, Any]]:
    home = Home.from_environment(os.environ)
    command = [sys.executable, "-m", "scheduler.backends.process.kept_environments", str(home.path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise LaunchError(f"the environments of {home.path} cannot be read: {done.stderr.strip()[-300:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _show(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    print(f"{'KEY':<26} {'PYTHON':<7} {'MB':>6}  {'UNUSED FOR':<11} PODS")
    for each in found:
        days = max(0.0, time.time() - each["used_at"]) / 86_400
        print(
            f"{each['key']:<26} {each['python']:<7} {each['bytes'] / 1e6:>6.0f}  {days:>6.1f} days {len(each['pods'])}"
        )
    print(f"{counted(len(found), 'environment')}, {sum(each['bytes'] for each in found) / 1e9:.2f} GB")
