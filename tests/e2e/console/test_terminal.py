"""A terminal in a pod, as a person uses it: from the pod's row to a shell, its answer, its end."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser.visit import Visit
from platforms.running_platform import Platform
from platforms.served_model import ServedModel

pytestmark = pytest.mark.timeout(300)

SHOWN_WITHIN_MS = 30_000


def test_a_shell_in_a_pod(opened: Visit, platform: Platform, seen: ServedModel) -> None:
    page = opened.page
    opened.go(f"/services/{seen.service}/versions/v1")
    page.get_by_role("link", name="Terminal", exact=True).first.click()
    expect(page.get_by_role("status").filter(has_text="Connected")).to_be_visible(timeout=SHOWN_WITHIN_MS)
    (pod,) = [pod["name"] for pod in platform.api("GET", f"/services/{seen.service}/versions/v1/pods")["items"]]
    shown = page.locator(".xterm-rows")
    page.get_by_role("region", name=f"Terminal in {pod}").click()
    page.keyboard.type("echo $PENSTOCK_SERVICE $((6*7))\n")
    expect(shown).to_contain_text(f"{seen.service} 42", timeout=SHOWN_WITHIN_MS)
    page.keyboard.type("printf '\\346\\250\\241 x%s\\n' y\n")
    expect(shown).to_contain_text("\u6a21 xy", timeout=SHOWN_WITHIN_MS)
    opened.keep_picture("console-terminal")
    assert opened.serious_findings() == []
    page.keyboard.type("exit 3\n")
    expect(page.get_by_role("alert")).to_contain_text("exit status 3", timeout=SHOWN_WITHIN_MS)
    page.get_by_role("button", name="Connect again").click()
    expect(page.get_by_role("status").filter(has_text="Connected")).to_be_visible(timeout=SHOWN_WITHIN_MS)
    page.keyboard.type("echo la''st\n")
    expect(shown).to_contain_text("last", timeout=SHOWN_WITHIN_MS)
    platform.kill(pod)
    expect(page.get_by_role("alert")).to_be_visible(timeout=SHOWN_WITHIN_MS)
    platform.wait_version(seen.service, "v1", "running")
    expect(shown).to_contain_text("last")  # how it ended stays there, also once the pod runs again
    expect(page.get_by_role("alert")).to_be_visible()
    opened.go(f"/services/{seen.service}/versions/v1")  # leaving the page ends the session
    assert opened.errors == []
    closed = platform.api("GET", "/audit", params={"resource_kind": "terminal"})["items"]
    assert 3 in [line["after"]["exit_code"] for line in closed if line["action"] == "closed"]
