"""The command line of alerts against a real controller."""

from __future__ import annotations

from pathlib import Path

from platforms.command_line import CommandLine
from running_services.door import Door
from running_services.running_controller import Controller


async def test_channels_silences_and_maintenance_by_the_command_line(lone: Controller, tmp_path: Path) -> None:
    await lone.call("POST", "/services", 201, json={"name": "wine"})
    secret = {"name": "hook", "kind": "slack", "data": {"url": "https://hooks.slack.com/services/T/B/x"}}
    await lone.call("POST", "/secrets", 201, json=secret)
    door = Door(lone)
    await door.open()
    cli = CommandLine(door.url, tmp_path / "config")
    try:
        options = ("--secret", "hook", "--matcher", "column=~al.*", "--matcher", "severity!=warning")
        made = await cli.json("channels", "create", "team", "slack", *options, "--option", 'mentions=["here"]')
        assert made["options"] == {"mentions": ["here"]}
        assert [(each["is_regex"], each["is_equal"]) for each in made["route"]["matchers"]] == [
            (True, True),
            (False, False),
        ]
        replaced = await cli.json("channels", "replace", "team", "slack", "--secret", "hook", "--paused")
        assert (replaced["paused"], replaced["revision"]) == (True, 2)
        await cli("channels", "test", "team", code=6)
        fields = await cli.json("channels", "kinds", "dingtalk")
        assert [(each["field"], each["of"]) for each in fields][-2:] == [("url", "secret"), ("secret", "secret")]
        assert "keyword" in (await cli("channels", "kinds")).stdout
        await cli("silences", "create", "--for", "2h", code=2)
        silence = await cli.json("silences", "create", "--matcher", "service=wine", "--for", "2h")
        assert "service=wine" in (await cli("silences", "list")).stdout
        await cli("silences", "expire", silence["id"])
        nightly = ("--schedule", "0 2 * * *", "--duration", "PT2H", "--service", "wine")
        assert (await cli.json("maintenance", "create", "nightly", *nightly))["service"] == "wine"
        await cli("alerts", "list", code=6)
    finally:
        await door.close()
