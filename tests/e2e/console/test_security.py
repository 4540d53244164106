"""The console against those who mean harm: hostile texts, other origins, ended sessions, people who may only look."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browser.visit import LOADED_WITHIN_MS, Visit
from platforms.running_platform import Platform
from platforms.served_model import ServedModel

pytestmark = pytest.mark.timeout(300)

HOSTILE = '"><img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'
WRITE = """async ([path, headers]) => (await fetch(path, {method: 'POST', headers})).status"""


def test_hostile_texts_are_text(opened: Visit, platform: Platform, seen: ServedModel) -> None:
    service = f"/services/{seen.service}"
    platform.api("PATCH", service, json={"description": HOSTILE, "tags": {"note": HOSTILE}})
    platform.api("PATCH", f"{service}/versions/v1", json={"description": HOSTILE})
    platform.api("POST", "/projects", json={"name": "hostile", "description": HOSTILE})
    platform.api("POST", "/resource-groups", json={"name": "hostile", "description": HOSTILE})
    try:
        for page in (
            "/services",
            service,
            f"{service}/versions",
            f"{service}/settings",
            "/people",
            "/resources?tab=groups",
        ):
            opened.go(page)
            shown = opened.page.get_by_text("onerror=").or_(opened.page.locator("textarea", has_text="onerror="))
            expect(shown.first).to_be_visible()
        for page in (f"{service}/logs?search=%3Cscript%3E", f"{service}/requests?id=%3Cimg%3E", "/models/%3Cscript%3E"):
            opened.page.goto(f"{opened.url}/#{page}")
            opened.page.get_by_role("main").wait_for()
        assert opened.page.evaluate("window.harmed") is None
    finally:
        platform.api("DELETE", "/projects/hostile")
        platform.api("DELETE", "/resource-groups/hostile")
        platform.api("PATCH", service, json={"description": "", "tags": {}})


def test_a_write_needs_the_sessions_own_header(opened: Visit, seen: ServedModel) -> None:
    path = f"{opened.url}/api/v1/services/{seen.service}/stop"
    assert opened.page.evaluate(WRITE, [path, {}]) == 403
    assert opened.page.evaluate(WRITE, [path, {"X-Penstock-Session": "guessed"}]) == 403


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A page of another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_page_of_another_origin_neither_reads_nor_writes(opened: Visit, elsewhere: str, seen: ServedModel) -> None:
    page, refused = opened.page, []
    page.goto(elsewhere)
    service = f"{opened.url}/api/v1/services/{seen.service}"
    page.on("response", lambda answer: refused.append(answer.status) if answer.request.method == "POST" else None)
    reads = "async url => fetch(url, {credentials: 'include'}).then(a => a.text(), () => 'refused')"
    writes = "async url => fetch(url, {method: 'POST', credentials: 'include', mode: 'no-cors'}).then(() => 0, () => 0)"
    assert page.evaluate(reads, service) == "refused"
    page.evaluate(writes, f"{service}/stop")
    assert refused == [403]
    page.set_content(f"<iframe src='{opened.url}/'></iframe>")
    expect(page.frame_locator("iframe").get_by_role("navigation")).to_have_count(0)


def test_a_session_that_is_ended_elsewhere_asks_to_sign_in(opened: Visit, platform: Platform) -> None:
    opened.go("/publish")
    opened.page.locator("#name").fill("half-typed")
    assert platform.penstock("console", "--sign-out").returncode == 0
    dialog = opened.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Token").fill(platform.token)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(opened.page.locator("#name")).to_have_value("half-typed")


@pytest.fixture
def viewer(chromium: Browser, platform: Platform) -> Iterator[Page]:
    """Signed in with the token of somebody who may only look."""
    platform.api("POST", "/users", json={"name": "vera"})
    platform.api("PUT", "/projects/default/members/vera", json={"role": "viewer"})
    token = platform.api("POST", "/tokens", json={"name": "console", "user": "vera"})["token"]
    context = chromium.new_context(locale="en-US")
    context.set_default_timeout(LOADED_WITHIN_MS)
    try:
        page = context.new_page()
        page.goto(platform.api_url.removesuffix("/api/v1"))
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("navigation").first.wait_for()
        yield page
    finally:
        context.close()
        platform.api("DELETE", "/users/vera")


def test_a_viewer_is_offered_no_writes_and_refused_by_hand(viewer: Page, platform: Platform, seen: ServedModel) -> None:
    url = platform.api_url.removesuffix("/api/v1")
    viewer.goto(f"{url}/#/services/{seen.service}/versions")
    viewer.get_by_role("link", name="v1").first.wait_for()
    for word in ("Stop", "Restart", "Delete", "Add version", "Apply the split"):
        expect(viewer.get_by_role("button", name=re.compile(f"(^|\\s){word}$"))).to_have_count(0)
    csrf = viewer.evaluate("async () => (await (await fetch('/api/v1/session')).json()).csrf_token")
    path = f"/api/v1/services/{seen.service}/stop"
    assert viewer.evaluate(WRITE, [path, {"X-Penstock-Session": csrf}]) == 403


def test_who_saves_second_sees_what_the_first_changed_and_chooses(
    opened: Visit, platform: Platform, seen: ServedModel
) -> None:
    version = f"/services/{seen.service}/versions/v1"
    opened.go(f"{version}?edit=true")
    form = opened.page.get_by_role("dialog").filter(has=opened.page.locator("#description"))
    form.locator("#description").fill("what the second wrote")
    platform.api("PATCH", version, json={"description": "what the first wrote"})
    press(form, "Review and save")
    choice = opened.page.get_by_role("dialog").filter(has_text="Somebody else has changed it since")
    expect(choice.get_by_role("row", name="description")).to_contain_text("what the first wrote")
    expect(choice.get_by_role("row", name="description")).to_contain_text("what the second wrote")
    assert platform.api("GET", version)["description"] == "what the first wrote"
    press(choice, "Put mine over it")
    press(opened.page.get_by_role("dialog").filter(has_text="What will change"), "Apply")
    expect(form).to_be_hidden()
    assert platform.api("GET", version)["description"] == "what the second wrote"


def press(within: Locator, name: str) -> None:
    """Press a button whose icon's name may come before its own."""
    within.get_by_role("button", name=re.compile(f"(^|\\s){name}$")).click()
