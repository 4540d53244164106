"""Waiting until versions are ready (`--wait`), with a live line that says what they are at."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.commands.cli.errors import FAILED, TIMEOUT, exit_with_error
from penstock.commands.cli.output import plain_line
from penstock.commands.services.publish_check import check_warnings

if TYPE_CHECKING:
    from penstock.client import Client
    from penstock.client.types import Pod, Version

Wait = Annotated[bool, typer.Option(help="Return when it is ready, or has failed.")]
Timeout = Annotated[float, typer.Option(min=0, help="Seconds to wait.")]
TIMEOUT_S = 600.0
POLL_INTERVAL_S = 0.3
LOG_POLL_INTERVAL_S = 1.0
LOG_LINE_INTERVAL_S = 5.0
"""Outside a terminal a line that the model printed is passed on so often at most."""
READY = ("running", "degraded")
INACTIVE = ("draft", "stopping", "stopped")
ROLLED_BACK = "RolledBack"


def wait_until_ready(client: Client, version: Version, timeout_s: float) -> Version:
    """The version once it runs, with warnings; ends the command when it fails, is rolled back, or time is over."""
    before, version = version, _poll_until_settled(client, version, time.monotonic() + timeout_s)
    text = f"{version['reason']}: {plain_line(version['message'] or '')}"
    if version["status"] in ("failed", "stopped"):
        exit_with_error(f"{version['name']} is {version['status']}: {text}{_log_tail_text(version)}", FAILED)
    if version["status"] not in READY:
        exit_with_error(f"{version['service']} {version['name']} is not ready after {timeout_s:g} s", TIMEOUT)
    if version["reason"] == ROLLED_BACK != before["reason"]:
        exit_with_error(
            f"{version['name']} runs with the configuration that it had before; {text}{_log_tail_text(version)}", FAILED
        )
    for warning in check_warnings(version):
        typer.echo(f"penstock: warning: {version['name']}: {plain_line(warning)}", err=True)
    return version


def wait_after_change(client: Client, version: Version, timeout_s: float) -> Version:
    """As `wait_until_ready`, of a version that was changed: of one that is not started there is nothing to wait for."""
    if version["status"] not in INACTIVE:
        return wait_until_ready(client, version, timeout_s)
    typer.echo(f"penstock: {version['name']} is {version['status']}: nothing to wait for", err=True)
    return version


def wait_until_all_ready(client: Client, versions: Iterable[Version], timeout_s: float) -> None:
    """Wait for each version that is started, all within one time."""
    deadline = time.monotonic() + timeout_s
    for version in versions:
        if version["status"] not in INACTIVE:
            wait_until_ready(client, version, max(deadline - time.monotonic(), 0))


def wait_until_split_applied(client: Client, service: str, timeout_s: float) -> bool:
    """Whether routers have the split as it was asked for, within the time."""
    deadline = time.monotonic() + timeout_s
    while True:
        traffic = client.traffic(service)
        if _shares(traffic["effective"]) == _shares(traffic["weights"]):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_INTERVAL_S)


def _shares(weights: dict[str, int]) -> dict[str, int]:
    return {version: weight for version, weight in weights.items() if weight}


def _log_tail_text(version: Version) -> str:
    return "".join(f"\n  {plain_line(line)}" for line in version["log_tail"])


def _poll_until_settled(client: Client, version: Version, deadline: float) -> Version:
    """The version once it runs, has ended, or time is over; what is said after that has a line of its own."""
    last_line = LastLogLine(client, version)
    with ProgressLine() as progress:
        while version["status"] not in (*READY, "failed", "stopped"):
            progress.show(stage_of(version, _pods(client, version)), last_line.read())
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_INTERVAL_S)
            version = _refreshed(client, version)
        if version["status"] in READY and version["reason"] != ROLLED_BACK:
            progress.show("ready")
    return version


def _refreshed(client: Client, version: Version) -> Version:
    """The version as it is now; as it was last seen while the control plane is away, such as for a restart."""
    from penstock.client import ServerError, Unreachable  # noqa: PLC0415

    try:
        return client.version(version["service"], version["name"])
    except (ServerError, Unreachable):
        return version


def _pods(client: Client, version: Version) -> list[Pod]:
    """Its pods; none while the scheduler, which knows them, is away."""
    from penstock.client import ServerError, Unreachable  # noqa: PLC0415

    try:
        return list(client.pods(version["service"], version["name"]))
    except (ServerError, Unreachable):
        return []


def stage_of(version: Version, pods: Sequence[Pod]) -> str:
    """What a version is at, in a few words: what it or its pods wait for, and how many of them are ready."""
    waits = ": ".join(part for part in (version["reason"], version["message"]) if part)
    waits = waits or ", ".join(sorted({pod["reason"] for pod in pods if pod["reason"] and not pod["ready"]}))
    stage = f"{version['status']} · {waits}" if waits else version["status"]
    return f"{stage} ({version['ready_replicas']}/{version['desired_replicas']} ready)"


class LastLogLine:
    """The newest line of a version's pods since the wait began: of the model, or of its environment's build."""

    def __init__(self, client: Client, version: Version) -> None:
        self._client, self._service, self._version = client, version["service"], version["name"]
        self._since = datetime.now(UTC).isoformat()
        self._line, self._polled_at = "", time.monotonic()

    def read(self) -> str:
        """The line; it is asked for once a second at most."""
        from penstock.client import PenstockError  # noqa: PLC0415

        if time.monotonic() - self._polled_at < LOG_POLL_INTERVAL_S:
            return self._line
        self._polled_at = time.monotonic()
        try:
            found = self._client.logs(self._service, version=self._version, from_time=self._since, page_size=1)
            self._line = next((line["text"].strip() for line in found), self._line)
        except PenstockError:  # the log line is optional
            pass
        return self._line


class ProgressLine:
    """A live line with a spinner on a terminal; elsewhere a plain line for each change. On stderr."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._began = now, now()
        self._stage, self._line, self._printed_at = "", "", self._began
        self._close: Callable[[], None] = lambda: None
        self._update: Callable[[str], object] | None = None

    def __enter__(self) -> ProgressLine:
        if sys.stdout.isatty() and sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415
            from rich.markup import escape  # noqa: PLC0415

            console = Console(stderr=True)
            status = console.status("starting")
            status.start()
            self._update, self._close = lambda text: status.update(escape(text[: console.width - 4])), status.stop
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def show(self, stage: str, line: str = "") -> None:
        """Say what is going on, for how long, and what was printed last."""
        now = self._now()
        seconds = f"{now - self._began:.0f} s"
        text = plain_line(" · ".join(part for part in (stage, seconds, line) if part))
        if self._update is not None:
            self._update(text)
        elif self._is_due(stage, line, now):
            self._stage, self._line, self._printed_at = stage, line, now
            typer.echo(f"penstock: {text}", err=True)

    def _is_due(self, stage: str, line: str, now: float) -> bool:
        is_line_due = now - self._printed_at >= LOG_LINE_INTERVAL_S
        return stage != self._stage or (bool(line) and line != self._line and is_line_due)
