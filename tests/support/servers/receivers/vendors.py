"""What each vendor does with a message, as its documentation and probes say; signatures are computed anew here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from servers.receivers.http_receiver import HttpReceiver, Received, Reply, json_reply

KEY = "0b5b1f2e-wecom-key"
TOKEN = "5d1c8a77c0ffee"
SIGNING_SECRET = "SEC000000000000000000000"
ROUTING_KEY = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
PER_MINUTE = 20

Answer = Callable[[Received], Reply]


def wecom() -> HttpReceiver:
    """20 messages, then 45009."""
    taken = []

    def answer(request: Received) -> Reply:
        body = request.json()
        kind = body["msgtype"]
        limit = 2048 if kind == "text" else 4096
        if request.path != "/cgi-bin/webhook/send" or request.query.get("key") != KEY:
            return _code("errcode", "errmsg", 93000, f"invalid webhook url, hint: [1], from ip: 1.2.3.4, key={KEY}")
        if kind not in ("text", "markdown", "markdown_v2"):
            return _code("errcode", "errmsg", 40008, "invalid message type")
        if not 0 < len(body[kind]["content"].encode()) <= limit:
            return _code("errcode", "errmsg", 40058, f"markdown.content exceed max length {limit}")
        taken.append(1)
        return _code(
            "errcode", "errmsg", *((0, "ok") if len(taken) <= PER_MINUTE else (45009, "api freq out of limit"))
        )

    return HttpReceiver(answer)


def dingtalk(*, keyword: str = "") -> HttpReceiver:
    """Asks for a signature, and for a keyword where there is one."""

    def answer(request: Received) -> Reply:
        body, query = request.json(), request.query
        if request.path != "/robot/send" or query.get("access_token") != TOKEN:
            return _code("errcode", "errmsg", 300005, "token is not exist")
        if abs(time.time() * 1000 - int(query.get("timestamp", "0"))) > 3_600_000:
            return _code("errcode", "errmsg", 310000, "invalid timestamp, more than 1 hour")
        text = f"{query['timestamp']}\n{SIGNING_SECRET}"
        digest = hmac.new(SIGNING_SECRET.encode("utf-8"), text.encode("utf-8"), digestmod=hashlib.sha256).digest()
        if query.get("sign") != base64.b64encode(digest).decode():
            return _code("errcode", "errmsg", 310000, "sign not match, more: [https://ding-doc.dingtalk.com/]")
        if keyword not in body["markdown"]["text"]:
            return _code("errcode", "errmsg", 310000, "keywords not in content, more: [https://ding-doc.dingtalk.com/]")
        if len(request.body) > 20_000 or not body["markdown"]["title"]:
            return _code("errcode", "errmsg", 40035, "invalid parameter")
        return _code("errcode", "errmsg", 0, "ok")

    return HttpReceiver(answer)


def feishu() -> HttpReceiver:
    """Asks for a signature."""

    def answer(request: Received) -> Reply:
        body = request.json()
        if request.path != f"/open-apis/bot/v2/hook/{TOKEN}":
            return _code("code", "msg", 19001, "param invalid: incoming webhook access token invalid")
        key = f"{body.get('timestamp')}\n{SIGNING_SECRET}".encode()
        expected = base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode()
        is_late = abs(time.time() - int(body.get("timestamp", "0"))) > 3600
        if is_late or body.get("sign") != expected:
            return _code("code", "msg", 19021, "sign match fail or timestamp is not within one hour from current time")
        if len(request.body) > 20_480 or body["msg_type"] != "interactive" or not body["card"]["elements"]:
            return _code("code", "msg", 9499, "Bad Request")
        return json_reply({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})

    return HttpReceiver(answer)


def slack() -> HttpReceiver:
    """Checks blocks as Slack does."""

    def answer(request: Received) -> Reply:
        body = request.json()
        if request.path != f"/services/T0/B0/{TOKEN}":
            return Reply(404, b"no_service")
        if not body.get("text"):
            return Reply(400, b"no_text")
        blocks = [block for attachment in body["attachments"] for block in attachment["blocks"]]
        if len(blocks) > 50 or not all(_is_block(block) for block in blocks):
            return Reply(400, b"invalid_blocks")
        return Reply(200, b"ok")

    return HttpReceiver(answer)


def _is_block(block: dict[str, Any]) -> bool:
    texts = [*([block["text"]] if "text" in block else []), *block.get("fields", [])]
    fields = block.get("fields", [])
    sizes = [len(text["text"]) for text in texts]
    return block["type"] == "section" and len(fields) <= 10 and bool(sizes) and min(sizes) > 0 and max(sizes) <= 2000


def pagerduty(incidents: dict[str, str]) -> HttpReceiver:
    """`incidents`: `dedup_key` → its state."""

    def answer(request: Received) -> Reply:
        event = request.json()
        errors = _event_errors(event)
        if errors:
            return json_reply({"status": "invalid event", "message": "Event object is invalid", "errors": errors}, 400)
        states = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}
        incidents[event["dedup_key"]] = states[event["event_action"]]
        return json_reply({"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}, 202)

    return HttpReceiver(answer)


def _event_errors(event: dict[str, Any]) -> list[str]:
    errors = []
    if event.get("routing_key") != ROUTING_KEY:
        errors.append("'routing_key' is invalid")
    if len(event.get("dedup_key", "")) > 255:
        errors.append("Length of 'dedup_key' is incorrect (should be <= 255)")
    if event["event_action"] == "trigger":
        payload = event["payload"]
        if not 0 < len(payload["summary"]) <= 1024:
            errors.append("Length of 'payload.summary' is incorrect")
        if payload["severity"] not in ("critical", "warning", "error", "info") or not payload["source"]:
            errors.append("'payload.severity' is invalid (must be one of the following: ...)")
    return errors


def alertmanager(alerts: dict[frozenset[tuple[str, str]], dict[str, Any]]) -> HttpReceiver:
    """`alerts`: set of labels → the alert as it was posted last."""

    def answer(request: Received) -> Reply:
        if request.path != "/api/v2/alerts":
            return Reply(404, b"404 page not found\n")
        for alert in request.json():
            names = [*alert["labels"], *alert["annotations"]]
            if not all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in names):
                return json_reply("invalid label set", 400)
            if _time(alert["endsAt"]) < _time(alert["startsAt"]):
                return json_reply("start time must be before end time", 400)
            alerts[frozenset(alert["labels"].items())] = alert
        return Reply(200)

    return HttpReceiver(answer)


def webhook(secret: str = WEBHOOK_SECRET) -> HttpReceiver:
    """Verified by the reference library; what was seen already is not taken twice."""
    seen: set[str] = set()

    def answer(request: Received) -> Reply:
        try:
            Webhook(secret).verify(request.body, request.headers)
        except WebhookVerificationError as wrong:
            return Reply(401, str(wrong).encode())
        is_new = request.headers["webhook-id"] not in seen
        seen.add(request.headers["webhook-id"])
        return Reply(202 if is_new else 208)

    return HttpReceiver(answer)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _code(field: str, said: str, code: int, words: str) -> Reply:
    return json_reply({field: code, said: words})
