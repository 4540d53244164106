"""Forms of channels: what is filled in as they say is accepted, for every kind."""

from __future__ import annotations

import base64
from typing import Any

from running_services.running_controller import Controller

FILLED = {
    "url": "https://hooks.example/services/a",
    "routing_key": "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
    "secret": "whsec_" + base64.b64encode(b"k" * 24).decode(),
    "host": "mail.example",
    "sender": "alerts@penstock.example",
    "recipients": ["ann@example.com"],
}


def filled(form: dict[str, Any], is_secret: bool) -> dict[str, Any]:
    """Fields that are required, and the others as they are by default."""
    fields = [field for field in form["fields"] if field["is_secret"] is is_secret]
    needed = {field["name"]: FILLED[field["name"]] for field in fields if field["is_required"]}
    return needed | {field["name"]: field["default"] for field in fields if field["default"] is not None}


async def test_what_forms_ask_for_is_accepted(lone: Controller) -> None:
    forms = (await lone.call("GET", "/channel-kinds"))["items"]
    assert [form["kind"] for form in forms][:3] == ["wecom", "dingtalk", "feishu"]
    for form in forms:
        kind = form["kind"]
        channel = {"name": f"to-{kind}", "kind": kind, "options": filled(form, is_secret=False)}
        if form["needs_secret"]:
            await lone.call("POST", "/channels", 400, json=channel)
            data = filled(form, is_secret=True) or {"secret": FILLED["secret"]}
            await lone.call("POST", "/secrets", 201, json={"name": f"of-{kind}", "kind": kind, "data": data})
            channel["secret"] = f"of-{kind}"
        made = await lone.call("POST", "/channels", 201, json=channel | {"project": "default"})
        assert made["kind"] == kind
    unknown = {"name": "odd", "kind": "event", "project": "default", "options": {"colour": "red"}}
    refused = await lone.call("POST", "/channels", 400, json=unknown)
    assert "options.colour" in refused["message"]
