"""`penstock retrain` against a real controller; the monitor is away."""

from __future__ import annotations

from pathlib import Path

from platforms.command_line import CommandLine


async def test_triggers_are_created_and_replaced_by_the_same_options(cli: CommandLine, tmp_path: Path) -> None:
    await cli("services", "create", "shop")
    script = tmp_path / "train.py"
    script.write_text("print(1)", encoding="utf-8")
    job = ("--command", "python train.py --epochs 3", "--file", str(script), "--requirement", "scipy")
    alert = ("--on-alert", "warning", "--label", "column=alcohol", "--cool-down", "PT1H", "--then", "canary")
    made = await cli.json("retrain", "triggers", "create", "shop", "drifted", *job, *alert)
    assert made["action"]["command"] == ["python", "train.py", "--epochs", "3"]
    assert (made["action"]["files"], made["action"]["requirements"]) == ({"train.py": "print(1)"}, ["scipy"])
    assert made["on_alert"] == {"severity": "warning", "labels": {"column": "alcohol"}}
    assert (made["guards"]["cool_down"], made["then"]["publish"]) == ("PT1H", "canary")
    hook = ("--webhook", "https://train.example.com/x", "--schedule", "P7D")
    replaced = await cli.json("retrain", "triggers", "replace", "shop", "drifted", *hook)
    assert (replaced["action"], replaced["on_alert"]) == ({"kind": "webhook", "url": hook[1]}, None)
    assert "7 d" in (await cli("retrain", "triggers", "list", "shop")).stdout
    await cli("retrain", "triggers", "create", "shop", "x", *job, *hook, code=2)
    await cli("retrain", "start", "shop", "--trigger", "nightly", code=2)
    await cli("retrain", "triggers", "delete", "shop", "drifted")
