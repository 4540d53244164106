"""From the printed link to a served, debugged, split and deleted service, in the browser alone, in each language."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import warnings
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browser.visit import Language, Visit, visit
from platforms.running_platform import Platform, until
from platforms.served_model import wine_body

pytestmark = pytest.mark.timeout(600)

STARTED_WITHIN_MS = 120_000
NO_CURL = "the copied line of curl is left out on a machine without curl"
"""Said in the run's summary, where it does not fail."""


@dataclass(frozen=True)
class Words:
    """What the buttons are called."""

    next: str
    start: str
    send: str
    as_code: str
    create_key: str
    copied: str
    add: str
    apply: str
    rotate: str
    stop: str
    delete: str


WORDS: dict[Language, Words] = {
    "en": Words(
        next="Next", start="Save and start", send="Send", as_code="As code", create_key="Create key",
        copied="I have copied it", add="Add version", apply="Apply the split",
        rotate="Rotate", stop="Stop", delete="Delete",
    ),
    "zh": Words(
        next="下一步", start="保存并启动", send="发送", as_code="代码", create_key="创建密钥", copied="我已复制",
        add="添加服务版本", apply="应用流量分配", rotate="轮换", stop="停止", delete="删除",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings(f"default:{NO_CURL}")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_stranger_publishes_and_takes_away(chromium: Browser, platform: Platform, language: Language) -> None:
    service, words = f"stranger-{language}", WORDS[language]
    with visit(chromium, platform, language) as opened:
        publish(opened, service, words)
        see_its_start(opened, service)
        curl = debug(opened, service, words)
        key = issue_key(opened, service, words)
        request = call(platform, service, key)
        run_as_copied(curl, key)
        add_a_version(opened, platform, service, words)
        move_the_split(opened, platform, service, words)
        find_the_request(opened, service, request)
        rotate_the_key(opened, service, words)
        take_away(opened, platform, service, words)
        assert opened.errors == []


def button(within: Page | Locator, name: str) -> None:
    """Press a button; its icon's name may come before its own."""
    within.get_by_role("button", name=re.compile(f"(^|\\s){re.escape(name)}$")).last.click()


def publish(opened: Visit, service: str, words: Words) -> None:
    opened.go("/publish?model=wine_quality&version=1")
    opened.page.locator("#name").fill(service)
    for step in ("model", "resources", "protection", "logs", "review"):
        button(opened.page, words.next)
        opened.page.wait_for_url(re.compile(f"step={step}"))
        if step == "model":
            expect(opened.page.get_by_role("main")).to_contain_text("malic_acid")  # its signature
    button(opened.page, words.start)
    opened.page.wait_for_url(re.compile(f"/services/{service}"))


def see_its_start(opened: Visit, service: str) -> None:
    """The pod's row opens to where the time of its start went."""
    opened.go(f"/services/{service}/versions/v1")
    row = opened.page.locator("tr", has_text=f"{service}-v1").first
    row.get_by_role("button").first.click()
    expect(opened.page.locator("main .anticon-check-circle").nth(3)).to_be_visible(timeout=STARTED_WITHIN_MS)


def debug(opened: Visit, service: str, words: Words) -> str:
    """The line of curl that the page shows for the same call."""
    opened.go(f"/services/{service}/debug")
    expect(opened.page.locator(".cm-content").first).to_contain_text("{")
    with opened.page.expect_response(re.compile(rf"/services/{service}/debug$")) as answered:
        button(opened.page, words.send)
    assert (answered.value.status, answered.value.json()["status_code"]) == (200, 200)
    expect(opened.page.locator(".ant-card-head-title .ant-tag")).to_have_text("200")
    button(opened.page, words.as_code)
    opened.page.get_by_role("tab", name="curl").click()
    return opened.page.get_by_role("dialog").locator("pre", has_text="curl -sS").inner_text()


def issue_key(opened: Visit, service: str, words: Words) -> str:
    """The key as it is shown once."""
    opened.go(f"/services/{service}/keys")
    button(opened.page, words.create_key)
    dialog = opened.page.get_by_role("dialog")
    dialog.locator("#name").fill("stranger")
    button(dialog, words.create_key)
    shown = opened.page.get_by_role("dialog").get_by_text(re.compile(r"^psk_[^…]+$")).first
    key = shown.inner_text().strip()
    button(opened.page, words.copied)
    return key


def call(platform: Platform, service: str, key: str) -> str:
    """One request as the curl line makes it; its request id."""
    url, headers = f"{platform.data_url}/{service}/predict", {"Authorization": f"Bearer {key}"}
    answer = httpx.post(url, json=wine_body(), headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.headers["x-request-id"]


def run_as_copied(curl: str, key: str) -> None:
    """The copied line, in a shell that has the key in its environment."""
    if shutil.which("curl") is None:
        assert "CI" not in os.environ, "CI has curl, and runs the copied line"
        warnings.warn(NO_CURL, stacklevel=2)
        return
    done = subprocess.run(
        ["sh", "-c", curl], env={**os.environ, "PENSTOCK_API_KEY": key}, capture_output=True, text=True, check=False
    )
    assert "predictions" in json.loads(done.stdout or "{}"), f"{curl}\n{done.stdout}{done.stderr}"


def add_a_version(opened: Visit, platform: Platform, service: str, words: Words) -> None:
    opened.go(f"/services/{service}/versions?add=true")
    drawer = opened.page.get_by_role("dialog")
    drawer.locator("#traffic_weight").fill("10")
    button(drawer, words.add)
    opened.page.wait_for_url(re.compile(f"/services/{service}/versions/v2"))
    platform.wait_version(service, "v2", "running")


def move_the_split(opened: Visit, platform: Platform, service: str, words: Words) -> None:
    opened.go(f"/services/{service}/versions")
    share = opened.page.get_by_role("spinbutton").nth(1)
    expect(share).to_have_value("10")
    share.fill("40")
    share.press("Tab")
    button(opened.page, words.apply)
    until(
        lambda: platform.api("GET", f"/services/{service}/traffic")["weights"] == {"v1": 60, "v2": 40},
        within=30,
        what="the split that the page asked for",
    )


def find_the_request(opened: Visit, service: str, request: str) -> None:
    opened.go(f"/services/{service}/requests?id={request}")
    opened.page.get_by_role("link", name=request).click()
    expect(opened.page.get_by_text("dataframe_split").first).to_be_visible()


def rotate_the_key(opened: Visit, service: str, words: Words) -> None:
    opened.go(f"/services/{service}/keys")
    opened.page.locator("tr", has_text="stranger").get_by_role("button").first.click()
    button(opened.page.get_by_role("dialog"), words.rotate)
    expect(opened.page.get_by_role("dialog").get_by_text(re.compile(r"^psk_[^…]+$")).first).to_be_visible()
    button(opened.page, words.copied)


def take_away(opened: Visit, platform: Platform, service: str, words: Words) -> None:
    opened.go(f"/services/{service}")
    button(opened.page.locator("header"), words.stop)
    button(opened.page.get_by_role("dialog"), words.stop)
    until(lambda: platform.api("GET", f"/services/{service}")["status"] == "stopped", within=60, what="stopped")
    button(opened.page, words.delete)
    dialog = opened.page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill(service)
    button(dialog, words.delete)
    opened.page.wait_for_url(re.compile(r"#/services(\?|$)"))
    assert service not in {each["name"] for each in platform.api("GET", "/services")["items"]}
