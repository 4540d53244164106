"""GitHub's repository dispatches: at most ten keys of `client_payload`, answered with 204 and no id of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from monitor.domain.retraining.http import HttpAnswer, HttpCall, Progress, StartOutcome, refusal_of, retry
from monitor.domain.retraining.http import started as accepted
from monitor.domain.retraining.vendors.port import Ask, Vendor, link_of, text_of
from shared.contracts.retraining import GithubAction, RetrainingRun

MOST_PAYLOAD = 60_000
"""Bytes of the evidence that GitHub takes; beyond it the alert's figures are left out."""


class GithubVendor(Vendor):
    """A workflow of GitHub Actions that runs on `repository_dispatch`.

    GitHub names no run: it is found by the retraining's id in its title, where the workflow has a `run-name` with it.
    """

    def __init__(self, action: GithubAction) -> None:
        self._action = action
        self._repository = f"{action.url.rstrip('/')}/repos/{action.repository}"

    def start(self, ask: Ask) -> HttpCall:
        """See `Vendor`."""
        body = {"event_type": self._action.event_type, "client_payload": _payload(ask)}
        return HttpCall("POST", f"{self._repository}/dispatches", self._headers(ask), body)

    def started(self, answer: HttpAnswer, ask: Ask) -> StartOutcome:
        """See `Vendor`."""
        if answer.status == 204:
            return accepted(RetrainingRun())
        if answer.status == 403 and answer.headers.get("x-ratelimit-remaining") == "0":
            return retry("Unavailable", answer.quote(), 60.0)
        if answer.is_success:
            return retry("UnknownAnswer", f"GitHub answers 204 ({answer.quote()})")
        return refusal_of(answer)

    def look(self, run: RetrainingRun, ask: Ask) -> HttpCall | None:
        """See `Vendor`."""
        since = ask.evidence.requested_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        where = f"runs/{run.id}" if run.id else f"runs?event=repository_dispatch&per_page=50&created=%3E%3D{since}"
        return HttpCall("GET", f"{self._repository}/actions/{where}", self._headers(ask))

    def seen(self, answer: HttpAnswer, run: RetrainingRun, ask: Ask) -> Progress:
        """See `Vendor`."""
        said = answer.fields() if answer.is_success else {}
        found = said if run.id else _titled(said, str(ask.evidence.id))
        number = found.get("id")
        if type(number) is not int or not 0 <= number < 2**63:  # it is part of the next URL
            return Progress("unknown", run=run)
        own = RetrainingRun(id=str(number), url=link_of(found.get("html_url")), state=text_of(found.get("status")))
        if found.get("status") != "completed":
            is_running = found.get("status") == "in_progress"
            return Progress("running" if is_running else "waiting", own.state, run=own)
        conclusion = text_of(found.get("conclusion")) or "unknown"
        own = own.model_copy(update={"state": conclusion})
        if conclusion == "success":
            return Progress("succeeded", conclusion, run=own)
        return Progress(
            "cancelled" if conclusion == "cancelled" else "failed", conclusion, f"it ended as {conclusion}", own
        )

    def cancel(self, run: RetrainingRun, ask: Ask) -> HttpCall | None:
        """See `Vendor`."""
        if not run.id:
            return None
        return HttpCall("POST", f"{self._repository}/actions/runs/{run.id}/cancel", self._headers(ask))

    def _headers(self, ask: Ask) -> dict[str, str]:
        said = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
        return {**ask.bearer, **said}


def _payload(ask: Ask) -> dict[str, Any]:
    """Ten keys at most: no more are taken."""
    said = ask.said
    names = ("service", "trigger", "cause", "model", "window", "slice", "tables", "report")
    found = {"retraining_id": said["id"], **{name: said[name] for name in names if name in said}}
    if alert := said.get("alert"):
        whole = {**found, "alert": alert}
        found["alert"] = alert if len(json.dumps(whole)) <= MOST_PAYLOAD else {**alert, "details": {}}
    return found


def _titled(said: Mapping[str, Any], identity: str) -> Mapping[str, Any]:
    runs = said.get("workflow_runs")
    for each in runs if isinstance(runs, list) else ():
        if isinstance(each, Mapping) and any(identity in str(each.get(name)) for name in ("display_title", "name")):
            return each
    return {}
