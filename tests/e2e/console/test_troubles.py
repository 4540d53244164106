"""What the console says when something is wrong: the cause in one sentence, and the next step."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import expect

from browser.visit import Visit
from platforms.running_platform import Platform, until
from platforms.served_model import ServedModel

pytestmark = pytest.mark.timeout(400)

MODEL = {"kind": "mlflow", "model": "never_loads", "version": "1"}
SHOWN_WITHIN_MS = 60_000


def create(platform: Platform, service: str, **version: object) -> None:
    source = {"resource_source": {"kind": "shared", "spec": "1C2G"}}
    platform.api("POST", "/services", json={"name": service, "start": True, "version": source | version})


def says(opened: Visit, cause: str, next_step: str) -> None:
    alert = opened.page.get_by_role("alert").filter(has_text=cause).first
    expect(alert).to_be_visible(timeout=SHOWN_WITHIN_MS)
    expect(alert).to_contain_text(next_step)


def test_a_model_that_cannot_be_loaded_and_its_last_words(opened: Visit, platform: Platform) -> None:
    create(platform, "broken", model_source=MODEL)
    opened.go("/services/broken/versions/v1")
    says(opened, "The model could not be loaded.", "Read the last log lines")
    opened.keep_picture("trouble-model-fails-to-load")
    assert opened.errors == []


def test_a_version_that_waits_for_room(opened: Visit, platform: Platform) -> None:
    create(platform, "crowd", model_source=MODEL | {"model": "wine_quality"}, replicas=60)
    opened.go("/services/crowd/versions/v1")
    says(opened, "There is no room for its pods.", "Stop another version")
    opened.keep_picture("trouble-waits-for-capacity")
    platform.api("POST", "/services/crowd/stop")
    assert opened.errors == []


def test_an_update_that_is_taken_back(opened: Visit, platform: Platform, seen: ServedModel) -> None:
    opened.go(f"/services/{seen.service}/versions/v1")
    platform.api("PATCH", f"/services/{seen.service}/versions/v1", json={"model_source": MODEL})
    says(opened, "The last change was taken back", "Nothing is broken for callers")
    opened.keep_picture("trouble-roll-out-taken-back")
    assert opened.errors == []


def test_a_pod_that_crashes_is_an_event_and_a_restart(opened: Visit, platform: Platform, seen: ServedModel) -> None:
    (pod,) = platform.api("GET", f"/services/{seen.service}/versions/v1/pods")["items"]
    opened.go(f"/services/{seen.service}/versions/v1")
    platform.kill(pod["name"])
    row = opened.page.locator("tr", has_text=f"{seen.service}-v1").first
    expect(row).to_contain_text("SIGKILL", timeout=SHOWN_WITHIN_MS)
    opened.keep_picture("trouble-pod-crashes")
    assert opened.errors == []


def test_two_people_who_change_the_same(opened: Visit, platform: Platform, seen: ServedModel) -> None:
    """The second one sees what the first has changed, and takes it; then a change of theirs goes through."""
    path = f"/services/{seen.service}"
    opened.go(f"{path}/settings")
    page, description = opened.page, opened.page.locator("#description")
    description.fill("mine")
    platform.api("PATCH", path, json={"description": "theirs"})
    page.get_by_role("button", name="Review and save").click()
    dialog = page.get_by_role("dialog").filter(has_text="Somebody else has changed it since")
    expect(dialog.locator("tr", has_text="description")).to_contain_text("theirs")
    opened.keep_picture("trouble-two-people")
    dialog.get_by_role("button", name="Drop mine, take what is there now").click()
    expect(description).to_have_value("theirs")
    description.fill("ours")
    page.get_by_role("button", name="Review and save").click()
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    until(lambda: platform.api("GET", path)["description"] == "ours", within=30, what="the change after theirs")
    assert [error for error in opened.errors if "412" not in error] == []  # which the browser says of any refusal


def test_a_router_that_does_not_answer_is_away(opened: Visit, platform: Platform) -> None:
    opened.go("/platform")
    row = opened.page.locator("tr", has_text="router-0").first
    expect(row).to_contain_text("Running", timeout=SHOWN_WITHIN_MS)
    frozen = platform.kill("router", signal.SIGSTOP)
    try:
        expect(row).to_contain_text("Away", timeout=SHOWN_WITHIN_MS)
        opened.keep_picture("trouble-router-away")
    finally:
        os.kill(frozen, signal.SIGCONT)
    expect(row).to_contain_text("Running", timeout=SHOWN_WITHIN_MS)


def test_a_control_plane_that_is_away_and_comes_back(opened: Visit, platform: Platform, seen: ServedModel) -> None:
    """Nothing is lost from the page, it says that it is not live, and is live again without a reload."""
    opened.go("/services")
    live = opened.page.get_by_role("banner").get_by_text("Live", exact=True)
    expect(live).to_be_visible()
    listed = opened.page.get_by_role("link", name=seen.service, exact=True)
    expect(listed).to_be_visible(timeout=SHOWN_WITHIN_MS)
    frozen = platform.kill("controller", signal.SIGSTOP)
    try:
        expect(live).to_be_hidden(timeout=SHOWN_WITHIN_MS)
        expect(listed).to_be_visible()
        opened.keep_picture("trouble-control-plane-away")
    finally:
        os.kill(frozen, signal.SIGCONT)
    expect(live).to_be_visible(timeout=SHOWN_WITHIN_MS)
