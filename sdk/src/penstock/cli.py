"""The `penstock` command: the launcher's (up, down, …) and the control plane's. One clear line for what goes wrong."""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from penstock.commands.alerting import alerts, channels, silences
from penstock.commands.cli.errors import EXIT_CODES, Commands
from penstock.commands.deployment import deploy, rollback
from penstock.commands.monitoring import (
    charts,
    label_sources,
    labels,
    log_topics,
    logs,
    observability,
    platform_health,
    tables,
)
from penstock.commands.people import console, login, projects, users
from penstock.commands.quality import monitors
from penstock.commands.resources import (
    capacity,
    destinations,
    environments,
    groups,
    images,
    models,
    privacy,
    secrets,
    specs,
    usage,
)
from penstock.commands.retraining import retrain
from penstock.commands.services import canaries, debug, keys, pods, request, services, traffic, versions
from penstock.launcher.home import Home, LaunchError

app = typer.Typer(
    name="penstock",
    cls=Commands,
    help="Publishes machine-learning models as online APIs and keeps them healthy.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class DatabaseOwner(StrEnum):
    """Owners of the databases in the home."""

    CONTROLLER = "controller"
    SCHEDULER = "scheduler"
    MONITOR = "monitor"
    LOGGER = "inference-logger"
    MLFLOW = "mlflow"


def print_status(line: str) -> None:
    """A line for the user who waits; results go to stdout, this goes to stderr."""
    print(f"penstock: {line}", file=sys.stderr, flush=True)


@app.command()
def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when ready, leave it running.")] = False,
    new_database: Annotated[
        list[DatabaseOwner] | None,
        typer.Option(help="Whose database is gone and may begin anew, empty. May be given more than once."),
    ] = None,
) -> None:
    """Bring the platform up: NATS, MLflow, the five services. Ctrl-C ends it (without --detach)."""
    from penstock.launcher import platform  # noqa: PLC0415 - what one command needs is not loaded for the others
    from penstock.launcher.state import is_supervised, running_home  # noqa: PLC0415

    home, fresh = Home.from_environment(os.environ), [owner.value for owner in new_database or ()]
    if is_supervised(home):
        print_status("already running")
        running = running_home(home) or home
        for line in platform.other_ports(running, os.environ):
            print_status(line)
        show_addresses(running)
    elif detach:
        for line in platform.run_detached(home, dict(os.environ), fresh):
            print_status(line)
        show_addresses(home)
    else:
        platform.run(home, on_ready=lambda: show_addresses(home), on_startup_failure=print_status, new_databases=fresh)


@app.command()
def down() -> None:
    """End the platform and its pods. What it stored stays."""
    from penstock.launcher import platform  # noqa: PLC0415

    print_status("ended" if platform.down(Home.from_environment(os.environ)) else "not running")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show every process and pod, and what is wrong. Exit status 0 when all is ready, else 1."""
    from penstock.doctor.report import show_status  # noqa: PLC0415
    from penstock.launcher import platform  # noqa: PLC0415

    found = platform.status(Home.from_environment(os.environ))
    if as_json:
        print(json.dumps(found))
    else:
        show_status(found)
    raise typer.Exit(0 if found["ready"] else 1)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Check disk, spool, bus, clock, capacity, limits, files, ports. Exit status 1 if a check failed."""
    from penstock.doctor.checks import run_doctor_checks  # noqa: PLC0415
    from penstock.doctor.report import show_findings  # noqa: PLC0415

    findings = run_doctor_checks(Home.from_environment(os.environ), os.environ)
    if as_json:
        print(json.dumps([finding.as_dict() for finding in findings], ensure_ascii=False))
    else:
        show_findings(findings)
    raise typer.Exit(1 if any(finding.level == "failed" for finding in findings) else 0)


@app.command()
def demo(
    api: Annotated[str | None, typer.Option(help="Control plane of a platform that runs elsewhere.")] = None,
    mlflow: Annotated[str | None, typer.Option(help="Its MLflow tracking server.")] = None,
    token: Annotated[str | None, typer.Option(envvar="PENSTOCK_TOKEN", help="Its admin token.")] = None,
) -> None:
    """Train a model, register it, publish it, predict; leave the platform running."""
    from penstock.demo import run_demo  # noqa: PLC0415

    home = Home.from_environment(os.environ)
    run_demo(home, api=api, mlflow=mlflow, token=token, report=print_status)


PASS_ARGUMENTS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command()
def check() -> None:
    """Format, lint, types, layers, migrations, event schemas, settings, reference. What CI runs before the tests."""
    from penstock.check import run_checks  # noqa: PLC0415

    raise typer.Exit(run_checks())


@app.command(context_settings=PASS_ARGUMENTS_ON)
def test(context: typer.Context) -> None:
    """`check`, then every test; further arguments go to pytest."""
    from penstock.check import run_checks, run_tests  # noqa: PLC0415

    failed = run_checks()
    raise typer.Exit(run_tests(context.args) or failed)


app.command()(login.login)
app.command()(console.console)
app.command()(deploy.deploy)
app.command()(rollback.rollback)
app.command()(logs.logs)
app.command()(observability.events)
app.command()(observability.metrics)
app.command()(charts.charts)
services.app.command()(charts.summary)
app.command()(tables.accounting)
app.command()(capacity.capacity)
app.command()(platform_health.platform)
app.command()(platform_health.changes)
app.command()(users.audit)
app.command()(usage.usage)
app.command()(debug.debug)
app.command()(request.request)
for name, group in (
    ("context", login.app),
    ("services", services.app),
    ("versions", versions.app),
    ("traffic", traffic.app),
    ("canaries", canaries.app),
    ("keys", keys.app),
    ("pods", pods.app),
    ("models", models.app),
    ("environments", environments.app),
    ("images", images.app),
    ("tables", tables.app),
    ("labels", labels.app),
    ("label-sources", label_sources.app),
    ("retrain", retrain.app),
    ("monitors", monitors.app),
    ("alerts", alerts.app),
    ("channels", channels.app),
    ("silences", silences.app),
    ("maintenance", silences.maintenance),
    ("log-topic", log_topics.app),
    ("erasures", privacy.app),
    ("specs", specs.app),
    ("groups", groups.groups),
    ("nodes", groups.nodes),
    ("secrets", secrets.app),
    ("destinations", destinations.app),
    ("projects", projects.app),
    ("users", users.app),
    ("tokens", users.tokens),
    ("dead-letters", tables.dead_letters),
):
    app.add_typer(group, name=name)


def show_addresses(home: Home) -> None:
    """Where everything is."""
    host = "http://127.0.0.1"
    link = sign_in_link(home)
    rows = [
        ("console", link or home.api_url, "signs in once; `./penstock console` makes another" if link else ""),
        ("control plane", f"{home.api_url}/api/v1", f"token: {home.admin_token}"),
        ("data plane", f"{host}:{home.ports.data}", "POST /<service>/predict"),
        ("MLflow", home.mlflow_url, ""),
        ("NATS", f"127.0.0.1:{home.ports.nats}", f"to read events: {home.path / 'nats-subscriber-url'}"),
        ("logs", str(home.logs), ""),
    ]
    print("Penstock is up.")
    for name, address, note in rows:
        print(f"  {name:<14} {address}{'   ' + note if note else ''}")
    sys.stdout.flush()


def sign_in_link(home: Home) -> str | None:
    """A link that signs in to the console of this machine's platform; None where it cannot be had now."""
    from penstock.client import Client, PenstockError  # noqa: PLC0415

    try:
        with Client(home.api_url, home.admin_token.read_text().strip()) as client:
            return str(client.create_sign_in_link()["url"])
    except (PenstockError, OSError):  # addresses are shown all the same
        return None


def main() -> None:
    """Entry point of the `penstock` script."""
    try:
        app()
    except LaunchError as error:
        print_status(str(error))
        sys.exit(1)
    except OSError as error:  # a full disk behind stdout, a configuration folder that may not be written
        print_status(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
