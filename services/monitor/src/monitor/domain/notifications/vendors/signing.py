"""Signatures of messages, each as its receiver computes it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import urlencode

from shared.contracts.alerting.channel_values import webhook_key


def dingtalk_query(secret: str, at: datetime) -> str:
    """`timestamp` (milliseconds) and `sign` for the URL: HMAC-SHA256 of `{ms}\\n{secret}` under the secret."""
    milliseconds = str(int(at.timestamp() * 1000))
    signed = _hmac(secret.encode(), f"{milliseconds}\n{secret}".encode())
    return urlencode({"timestamp": milliseconds, "sign": signed})


def feishu_fields(secret: str, at: datetime) -> dict[str, str]:
    """`timestamp` (seconds) and `sign` for the body: HMAC-SHA256 of nothing under `{s}\\n{secret}`."""
    seconds = str(int(at.timestamp()))
    return {"timestamp": seconds, "sign": _hmac(f"{seconds}\n{secret}".encode(), b"")}


def webhook_headers(secrets: list[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Headers of Standard Webhooks 1.0; a signature for each secret, the present one first.

    Raises `ValueError` for a secret that is none.
    """
    seconds = str(int(at.timestamp()))
    signed = f"{message_id}.{seconds}.".encode() + body
    signatures = " ".join(f"v1,{_hmac(webhook_key(secret), signed)}" for secret in secrets)
    return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": signatures}


def _hmac(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()
