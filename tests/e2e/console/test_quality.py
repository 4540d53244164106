"""Everything that the console does with quality, alerts, retraining and canaries, once."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from browser.visit import Visit
from platforms.running_platform import Platform, until
from platforms.served_model import ServedModel, wine_body

pytestmark = pytest.mark.timeout(300)

SHOWN_WITHIN_MS = 60_000


def button(opened: Visit, name: str) -> None:
    """Press the button of the topmost dialog, or of the page where there is none."""
    opened.page.get_by_role("button", name=re.compile(f"(^|\\s){re.escape(name)}$")).last.click()


def confirmed(opened: Visit, name: str) -> None:
    """Type in the name of what is to be deleted."""
    dialog = opened.page.get_by_role("dialog").last
    dialog.get_by_role("textbox").fill(name)
    dialog.get_by_role("button", name="Delete").click()


def row_of(opened: Visit, text: str) -> Locator:
    return opened.page.locator("tbody tr", has_text=text).first


def test_a_channel_is_made_from_its_kinds_form_tested_and_deleted(opened: Visit) -> None:
    opened.go("/alerts?tab=channels")
    button(opened, "New channel")
    opened.page.locator("#name").fill("hook")
    opened.page.locator("#kind").click()
    opened.page.get_by_title("Event bus", exact=True).click()
    button(opened, "Create")
    row = row_of(opened, "hook")
    row.get_by_role("button", name="Send a test").click()
    expect(opened.page.get_by_role("dialog").get_by_role("status")).to_be_visible(timeout=SHOWN_WITHIN_MS)
    button(opened, "Close")
    row.get_by_role("button", name="Delete").click()
    confirmed(opened, "hook")
    expect(row).to_have_count(0)
    assert opened.errors == []


def test_a_rule_is_made_by_a_click_on_a_column_run_and_deleted(
    opened: Visit, platform: Platform, seen: ServedModel
) -> None:
    recorded(platform, seen)
    opened.go(f"/services/{seen.service}/quality")
    opened.page.get_by_role("button", name="New rule: Nulls of alcohol").click()
    expect(opened.page.locator("#name")).to_have_value("nulls-alcohol")
    button(opened, "Create")
    row = row_of(opened, "nulls-alcohol")
    expect(row).to_be_visible(timeout=SHOWN_WITHIN_MS)
    made = platform.api("GET", f"/services/{seen.service}/monitors/nulls-alcohol")
    assert (made["metric"], made["columns"], made["warning"]) == ("null_rate", ["alcohol"], 0.01)
    row.get_by_role("button", name="Run now").click()
    row.get_by_role("link", name="nulls-alcohol").click()
    expect(opened.page.get_by_role("heading", name="nulls-alcohol")).to_be_visible()
    opened.go(f"/services/{seen.service}/quality")
    row.get_by_role("button", name="Delete").click()
    confirmed(opened, "nulls-alcohol")
    expect(row).to_have_count(0)
    assert opened.errors == []


def recorded(platform: Platform, seen: ServedModel) -> None:
    url, headers = f"{platform.data_url}/{seen.service}/predict", {"Authorization": f"Bearer {seen.key}"}
    assert httpx.post(url, json=wine_body(), headers=headers, timeout=30).status_code == 200

    def has_rows() -> bool:
        """Of answers: requests that failed have rows too, without values."""
        found = platform.api("GET", "/inference-tables", params={"service": seen.service})["items"]
        name = next((table["name"] for table in found if table["kind"] == "inferences" and table["rows"]), None)
        if name is None:
            return False
        found = platform.api("GET", f"/inference-tables/{name}/statistics", params={"where": "error is null"})
        return any(column["name"] == "alcohol" and column["count"] for column in found["columns"])

    until(has_rows, within=60, what="rows of inferences")


def test_an_alert_is_acknowledged_and_kept_quiet(opened: Visit, platform: Platform, seen: ServedModel) -> None:
    few = {"kind": "service_quality", "metric": "requests", "warning": 1e6, "min_sample": 0}
    rule = {"name": "few", "window": "PT10S", "delay": "PT1S"} | few
    platform.api("POST", f"/services/{seen.service}/monitors", json=rule)

    def alert() -> Any:
        found = platform.api("GET", "/alerts", params={"service": seen.service, "state": "open"})["items"]
        return next((each for each in found if each["monitor"] == "few"), None)

    found = until(alert, within=90, what="an alert")
    opened.go(f"/alerts?service={seen.service}")
    opened.page.get_by_role("link", name=found["summary"]).click()
    expect(opened.page.get_by_text("What to do", exact=True)).to_be_visible()
    assert opened.serious_findings() == []
    button(opened, "Acknowledge")
    opened.page.locator("#comment").fill("I look at it")
    button(opened, "Acknowledge")
    expect(opened.page.get_by_text("I look at it")).to_be_visible(timeout=SHOWN_WITHIN_MS)
    button(opened, "Silence")
    expect(opened.page.locator("#matchers")).to_have_value(re.compile("monitor=few"))
    opened.page.get_by_role("dialog").get_by_role("button", name="Silence").click()
    opened.go("/alerts?tab=silences")
    row = row_of(opened, "monitor=few")
    row.get_by_role("button", name="End now").click()
    opened.page.locator(".ant-popconfirm").get_by_role("button", name="End now").click()
    expect(row).to_contain_text("Over", timeout=SHOWN_WITHIN_MS)
    opened.go(f"/services/{seen.service}/quality?monitor=few")
    expect(opened.page.get_by_role("link", name="Report", exact=True).first).to_be_visible()
    assert opened.serious_findings() == []
    platform.api("DELETE", f"/services/{seen.service}/monitors/few")
    assert opened.errors == []


def test_maintenance_is_planned_and_taken_back(opened: Visit) -> None:
    opened.go("/alerts?tab=maintenance")
    button(opened, "New maintenance")
    opened.page.locator("#name").fill("nightly")
    opened.page.get_by_text("Again and again", exact=True).click()
    button(opened, "Create")
    row = row_of(opened, "nightly")
    expect(row).to_contain_text("0 2 * * *")
    row.get_by_role("button", name="Delete").click()
    confirmed(opened, "nightly")
    expect(row).to_have_count(0)
    assert opened.errors == []


def test_a_retraining_is_defined_started_and_seen(opened: Visit, platform: Platform, seen: ServedModel) -> None:
    opened.go(f"/services/{seen.service}/retraining")
    button(opened, "New trigger")
    opened.page.locator("#name").fill("by-hand")
    opened.page.get_by_text("None", exact=True).click()
    button(opened, "Create")
    row = row_of(opened, "Start now")
    expect(row).to_contain_text("By hand alone", timeout=SHOWN_WITHIN_MS)
    row.get_by_role("button", name="Start now").click()
    opened.page.locator("#note").fill("new harvest")
    opened.page.get_by_role("dialog").get_by_role("button", name="Start now").click()
    run = row_of(opened, "new harvest")
    run.get_by_role("button", name="Details").click(timeout=SHOWN_WITHIN_MS)
    expect(opened.page.get_by_role("dialog")).to_contain_text("new harvest")
    opened.page.keyboard.press("Escape")
    for each in platform.api("GET", f"/services/{seen.service}/retrainings")["items"]:
        if each["ended_at"] is None:
            platform.api("POST", f"/services/{seen.service}/retrainings/{each['id']}/cancel")
    row.get_by_role("button", name="Delete").click()
    confirmed(opened, "by-hand")
    expect(row).to_have_count(0)
    assert opened.errors == []


def test_a_canary_is_started_and_aborted(opened: Visit, platform: Platform, seen: ServedModel) -> None:
    one = platform.api("GET", f"/services/{seen.service}/versions/v1")
    source = {name: one["model_source"][name] for name in ("kind", "model", "version")}
    platform.api("POST", f"/services/{seen.service}/versions", json={"name": "v2", "model_source": source})
    opened.go(f"/services/{seen.service}/versions")
    button(opened, "Start a canary")
    opened.page.get_by_role("dialog").get_by_role("button", name="Start a canary").click()
    button(opened, "Abort")
    opened.page.locator(".ant-popconfirm").get_by_role("button", name="Abort").click()
    expect(opened.page.get_by_text("The canary of v2 was aborted.")).to_be_visible(timeout=SHOWN_WITHIN_MS)
    assert opened.serious_findings() == []
    assert opened.errors == []
