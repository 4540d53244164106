"""DAGs of Airflow 3.

Source: its `TriggerDAGRunPostBody`: `logical_date` must be there and may be null; 409 says that the run exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from monitor.domain.retraining.http import HttpAnswer, HttpCall, Progress, StartOutcome, refusal_of, retry
from monitor.domain.retraining.http import started as accepted
from monitor.domain.retraining.vendors.port import Ask, Vendor, progress_of, text_of
from shared.contracts.retraining import AirflowAction, RetrainingRun


class AirflowVendor(Vendor):
    """A DAG of Airflow 3."""

    _STATES: Mapping[str, str] = {"queued": "waiting", "running": "running", "success": "succeeded", "failed": "failed"}

    def __init__(self, action: AirflowAction) -> None:
        self._action = action
        self._runs = f"{action.url.rstrip('/')}/api/v2/dags/{quote(action.dag_id, safe='')}/dagRuns"

    def login(self, ask: Ask) -> HttpCall | None:
        """See `Vendor`."""
        if "token" in ask.credentials or "username" not in ask.credentials:
            return None
        body = {"username": ask.credentials["username"], "password": ask.credentials.get("password", "")}
        return HttpCall("POST", f"{self._action.url.rstrip('/')}/auth/token", body=body)

    def start(self, ask: Ask) -> HttpCall:
        """See `Vendor`."""
        body = {
            "dag_run_id": ask.run_id,
            "logical_date": None,
            "conf": {**self._action.conf, "penstock": ask.said},
            "note": f"Penstock: retraining {ask.evidence.id} of {ask.evidence.service}",
        }
        return HttpCall("POST", self._runs, ask.bearer, body)

    def started(self, answer: HttpAnswer, ask: Ask) -> StartOutcome:
        """See `Vendor`."""
        said = answer.fields()
        if answer.status == 409:
            return accepted(self._run(ask.run_id, None))
        if not answer.is_success:
            return refusal_of(answer)
        if said.get("dag_run_id") != ask.run_id:
            return retry("UnknownAnswer", f"no Airflow answers so ({answer.quote()})")
        return accepted(self._run(ask.run_id, text_of(said.get("state"))))

    def look(self, run: RetrainingRun, ask: Ask) -> HttpCall | None:
        """See `Vendor`."""
        return HttpCall("GET", f"{self._runs}/{quote(run.id or '', safe='')}", ask.bearer)

    def seen(self, answer: HttpAnswer, run: RetrainingRun, ask: Ask) -> Progress:
        """See `Vendor`."""
        state = text_of(answer.fields().get("state")) if answer.is_success else None
        return progress_of(answer, run, state, self._STATES)

    def cancel(self, run: RetrainingRun, ask: Ask) -> HttpCall | None:
        """See `Vendor`."""
        return HttpCall("PATCH", f"{self._runs}/{quote(run.id or '', safe='')}", ask.bearer, {"state": "failed"})

    def _run(self, name: str, state: str | None) -> RetrainingRun:
        page = f"{self._action.url.rstrip('/')}/dags/{quote(self._action.dag_id, safe='')}/runs/{quote(name, safe='')}"
        return RetrainingRun(id=name, url=page, state=state)
