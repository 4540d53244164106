"""Argo Workflows. Source: its `WorkflowSubmitRequest`; a workflow has a name of ours, so that a repeat is a 409."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from monitor.domain.retraining.http import HttpAnswer, HttpCall, Progress, StartOutcome, refusal_of, retry
from monitor.domain.retraining.http import started as accepted
from monitor.domain.retraining.vendors.port import Ask, Vendor, progress_of, text_of
from shared.contracts.retraining import ArgoAction, RetrainingRun


class ArgoVendor(Vendor):
    """A WorkflowTemplate of Argo Workflows, submitted under a name of ours."""

    _STATES: Mapping[str, str] = {
        "Pending": "waiting",
        "Running": "running",
        "Succeeded": "succeeded",
        "Failed": "failed",
        "Error": "failed",
    }

    def __init__(self, action: ArgoAction) -> None:
        self._action = action
        self._workflows = f"{action.url.rstrip('/')}/api/v1/workflows/{quote(action.namespace, safe='')}"

    def start(self, ask: Ask) -> HttpCall:
        """See `Vendor`."""
        told = {**self._action.parameters, "retraining-id": str(ask.evidence.id), "evidence": json.dumps(ask.said)}
        options: dict[str, Any] = {
            "name": ask.run_id,
            "parameters": [f"{name}={value}" for name, value in told.items()],
            "labels": f"penstock.io/retraining={ask.evidence.id},penstock.io/service={ask.evidence.service}",
        }
        if self._action.entrypoint:
            options["entryPoint"] = self._action.entrypoint
        body = {
            "namespace": self._action.namespace,
            "resourceKind": "WorkflowTemplate",
            "resourceName": self._action.template,
            "submitOptions": options,
        }
        return HttpCall("POST", f"{self._workflows}/submit", ask.bearer, body)

    def started(self, answer: HttpAnswer, ask: Ask) -> StartOutcome:
        """See `Vendor`."""
        said = answer.fields()
        metadata = said.get("metadata")
        if answer.status == 409:
            return accepted(self._run(ask.run_id, None))
        if not answer.is_success:
            return refusal_of(answer)
        name = text_of(metadata.get("name")) if isinstance(metadata, Mapping) else None
        if name is None:
            return retry("UnknownAnswer", f"no Argo server answers so ({answer.quote()})")
        return accepted(self._run(name, _phase(said)))

    def look(self, run: RetrainingRun, ask: Ask) -> HttpCall | None:
        """See `Vendor`."""
        return HttpCall("GET", f"{self._workflows}/{quote(run.id or '', safe='')}", ask.bearer)

    def seen(self, answer: HttpAnswer, run: RetrainingRun, ask: Ask) -> Progress:
        """See `Vendor`."""
        state = (_phase(answer.fields()) or "Pending") if answer.is_success and answer.fields() else None
        return progress_of(answer, run, state, self._STATES)

    def cancel(self, run: RetrainingRun, ask: Ask) -> HttpCall | None:
        """See `Vendor`."""
        body = {"namespace": self._action.namespace, "name": run.id}
        return HttpCall("PUT", f"{self._workflows}/{quote(run.id or '', safe='')}/terminate", ask.bearer, body)

    def _run(self, name: str, state: str | None) -> RetrainingRun:
        page = (
            f"{self._action.url.rstrip('/')}/workflows/{quote(self._action.namespace, safe='')}/{quote(name, safe='')}"
        )
        return RetrainingRun(id=name, url=page, state=state)


def _phase(said: Mapping[str, Any]) -> str | None:
    status = said.get("status")
    return text_of(status.get("phase")) if isinstance(status, Mapping) else None
