"""`penstock canaries`: a version takes over step by step, as long as it is no worse."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.client import Client
from penstock.commands.cli.arguments import given, parse_fields, parse_json
from penstock.commands.cli.connection import connect
from penstock.commands.cli.durations import duration_option
from penstock.commands.cli.errors import TIMEOUT, exit_with_error
from penstock.commands.cli.output import Format, Output, show_all, show_one

app = typer.Typer(help="Canaries: a version takes over step by step, as long as it is no worse.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="Name of the service.")]
CanaryId = Annotated[str, typer.Argument(help="Id of the canary; `last`: the newest of the service.")]
FIELDS = (
    *("id", "version", "stable", "phase", "weight", "step", "reason", "created_at", "started_at", "ended_at"),
    *("stops_at", "preflight.state"),
)
COLUMNS = ("id", "version", "stable", "phase", "weight", "reason", "created_at")
GUARDRAILS = (
    *("step", "weight", "kind", "state", "canary_value", "stable_value", "upper", "allowed", "e_value"),
    *("rolls_back_at", "canary_requests", "stable_requests"),
)
OPEN = frozenset({"waiting", "preflight", "canary"})
LOOK_S = 2.0


@app.command("start")
def start_canary(
    service: Service,
    version: Annotated[str, typer.Argument(help="Version; it is started where it does not run.")],
    *,
    steps: Annotated[str | None, typer.Option(help="Its shares, per cent: 5,25,50.")] = None,
    guardrail: Annotated[
        list[str] | None,
        typer.Option(help="KIND or KIND=MARGIN (of latency: the ratio), errors=0.002; may be repeated."),
    ] = None,
    step_requests: Annotated[int | None, typer.Option(help="Canary requests before the next step.")] = None,
    step_duration: Annotated[str | None, duration_option("Shortest time of a step: 10m.")] = None,
    min_requests: Annotated[int | None, typer.Option(help="Canary requests before it is promoted.")] = None,
    min_duration: Annotated[str | None, duration_option("Shortest time until it is promoted: 1h.")] = None,
    time_limit: Annotated[str | None, duration_option("Longest time, such as 1d; then it is held.")] = None,
    plan: Annotated[Path | None, typer.Option(help="JSON file with fields of the plan.", exists=True)] = None,
    further: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=JSON: a field of the plan as the API has it.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Return when it is promoted, rolled back, held or has ended.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that --wait takes at most.")] = 86_400.0,
    output: Output = Format.TABLE,
) -> None:
    """Begin a canary of a version; what is not given has its default."""
    fields: Any = _plan_of(plan) | given(
        steps=None if steps is None else _parse_steps(steps),
        guardrails=[_parse_guardrail(each) for each in guardrail] if guardrail else None,
        step_requests=step_requests,
        step_duration=step_duration,
        min_requests=min_requests,
        min_duration=min_duration,
        time_limit=time_limit,
    )
    with connect() as client:
        made = client.start_canary(service, version, **(fields | parse_fields(further)))
        show_one(_wait(client, service, made, timeout) if wait else made, FIELDS, output)


@app.command("list")
def list_canaries(service: Service, output: Output = Format.TABLE) -> None:
    """List the canaries of a service, newest first."""
    with connect() as client:
        show_all(client.canaries(service), COLUMNS, output, droppable_first=("created_at",))


@app.command("show")
def show_canary(service: Service, canary: CanaryId = "last", output: Output = Format.TABLE) -> None:
    """Show one canary, and what its guardrails found at each step."""
    with connect() as client:
        found = client.canary(service, _identity(client, service, canary))
    show_one(found, FIELDS, output)
    if output is not Format.JSON:
        show_all([row for step in found["verdicts"] for row in _rows(step)], GUARDRAILS, output)


@app.command("abort")
def abort_canary(service: Service, canary: CanaryId = "last", output: Output = Format.TABLE) -> None:
    """End a canary: its traffic goes back to the stable version."""
    with connect() as client:
        show_one(client.abort_canary(service, _identity(client, service, canary)), FIELDS, output)


@app.command("promote")
def promote_canary(service: Service, canary: CanaryId = "last", output: Output = Format.TABLE) -> None:
    """Give a canary all of the traffic now, whatever the verdict."""
    with connect() as client:
        show_one(client.promote_canary(service, _identity(client, service, canary)), FIELDS, output)


def _identity(client: Client, service: str, canary: str) -> str:
    if canary != "last":
        return canary
    newest = next(iter(client.canaries(service, page_size=1)), None)
    if newest is None:
        raise typer.BadParameter(f"service {service!r} has had no canary")
    return str(newest["id"])


def _wait(client: Client, service: str, made: Mapping[str, Any], timeout: float) -> Mapping[str, Any]:
    until = time.monotonic() + timeout
    while made["phase"] in OPEN:
        if time.monotonic() >= until:
            exit_with_error(f"{service}: the canary is not over after {timeout:g} s", TIMEOUT)
        time.sleep(LOOK_S)
        made = client.canary(service, made["id"])
    return made


def _rows(step: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**found, "step": step["step"], "weight": step["weight"]} for found in step["verdict"]["guardrails"]]


def _plan_of(file: Path | None) -> dict[str, Any]:
    found = {} if file is None else parse_json(file.read_text())
    if not isinstance(found, dict):
        raise typer.BadParameter("the plan must be a JSON object")
    return found


def _parse_steps(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a list of whole numbers, such as 5,25,50") from None


def _parse_guardrail(text: str) -> dict[str, Any]:
    kind, equals, value = text.partition("=")
    if not equals:
        return {"kind": kind}
    try:
        return {"kind": kind, "ratio" if kind.startswith("latency") else "margin": float(value)}
    except ValueError:
        raise typer.BadParameter(f"{value!r} is no number") from None
