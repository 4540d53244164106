"""Signatures of MLflow's registry webhooks (mlflow/webhooks/delivery.py).

`X-MLflow-Signature` is `v1,` and the base64 of HMAC-SHA256 of `<delivery id>.<timestamp>.<body>` under the secret's own
text: unlike Standard Webhooks it is not decoded first.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

TOLERANCE_S = 300.0


@dataclass(frozen=True)
class Delivery:
    """What a delivery says of itself."""

    signature: str
    delivery_id: str
    timestamp: str


def is_genuine(secret: str, delivery: Delivery, body: bytes, now: datetime) -> bool:
    """Whether who knows `secret` sent `body` within the last five minutes."""
    timestamp = delivery.timestamp
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    if abs(int(timestamp) - now.timestamp()) > TOLERANCE_S:
        return False
    signed = f"{delivery.delivery_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()
    return hmac.compare_digest(expected.encode(), delivery.signature.encode())
