"""Receivers of Standard Webhooks 1.0. They cannot be asked: the registry shows what came of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from monitor.domain.retraining.http import HttpAnswer, HttpCall, StartOutcome, refusal_of
from monitor.domain.retraining.http import started as accepted
from monitor.domain.retraining.vendors.port import Ask, Vendor
from shared.contracts.alerting.channel_values import webhook_key
from shared.contracts.retraining import RetrainingRun, WebhookAction


class WebhookVendor(Vendor):
    """A receiver of Standard Webhooks. It cannot be asked: the registry shows what came of it."""

    def __init__(self, action: WebhookAction) -> None:
        self._action = action

    def start(self, ask: Ask) -> HttpCall:
        """See `Vendor`."""
        body = {"type": "retrain.requested", "timestamp": ask.at.isoformat(), "data": ask.said}
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        seconds = str(int(ask.at.timestamp()))
        headers = {"webhook-id": str(ask.evidence.id), "webhook-timestamp": seconds}
        if secret := ask.credentials.get("secret"):
            signed = f"{ask.evidence.id}.{seconds}.".encode() + raw
            signature = base64.b64encode(hmac.digest(webhook_key(secret), signed, hashlib.sha256)).decode()
            headers["webhook-signature"] = f"v1,{signature}"
        return HttpCall("POST", self._action.url, headers, raw=raw)

    def started(self, answer: HttpAnswer, ask: Ask) -> StartOutcome:
        """See `Vendor`."""
        return accepted(RetrainingRun(id=str(ask.evidence.id))) if answer.is_success else refusal_of(answer)
