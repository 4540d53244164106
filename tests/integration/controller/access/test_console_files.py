"""The console's files: served to anybody, from one folder, and nothing else with them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest

from operations.browser import browser_of
from running_services.running_controller import Controller

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = "console.log('penstock');" * 50


@pytest.fixture
async def browser(make_lone: Any, tmp_path: Path) -> httpx.AsyncClient:
    """What asks a controller that has a bundle, and no token."""
    folder = tmp_path / "bundle"
    (folder / "assets").mkdir(parents=True)
    (folder / "api").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Penstock</title>")
    (folder / "assets" / "index-1a2b.js").write_text(SCRIPT)
    (folder / "icon.svg").write_text("<svg/>")
    (folder / ".hidden").write_text("x")
    (folder / "api" / "shadow.json").write_text("{}")
    (tmp_path / "outside.txt").write_text("x")
    (folder / "leads-out.txt").symlink_to(tmp_path / "outside.txt")
    return browser_of(await make_lone(console=folder))


async def test_the_page_comes_without_a_token_and_is_not_kept(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/", headers=HTML)
    assert page.text.endswith("<title>Penstock</title>")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    policy = page.headers["content-security-policy"]
    for part in ("default-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "object-src 'none'"):
        assert part in policy
    assert (page.headers["x-content-type-options"], page.headers["referrer-policy"]) == ("nosniff", "no-referrer")
    again = await browser.get("/", headers=HTML | {"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await browser.head("/index.html")).status_code == 200


async def test_assets_are_kept_for_good_and_come_compressed(browser: httpx.AsyncClient) -> None:
    async with browser.stream("GET", "/assets/index-1a2b.js", headers={"accept-encoding": "gzip, br"}) as sent:
        raw = b"".join([part async for part in sent.aiter_raw()])
    assert sent.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw).decode() == SCRIPT
    assert "immutable" in sent.headers["cache-control"]
    plain = await browser.get("/assets/index-1a2b.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == SCRIPT
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert plain.headers["etag"] != sent.headers["etag"]
    assert (await browser.get("/icon.svg")).headers["cache-control"] == "no-cache"


async def test_a_bundle_that_was_built_anew_is_served_without_a_restart(
    browser: httpx.AsyncClient, tmp_path: Path
) -> None:
    assert (await browser.get("/assets/index-1a2b.js")).status_code == 200
    folder = tmp_path / "bundle"
    (folder / "assets/index-1a2b.js").unlink()
    (folder / "assets/index-3c4d.js").write_text("new")
    (folder / "index.html").write_text("<!doctype html><title>Anew</title>")
    assert (await browser.get("/", headers=HTML)).text.endswith("<title>Anew</title>")
    assert (await browser.get("/assets/index-3c4d.js")).text == "new"
    assert (await browser.get("/assets/index-1a2b.js")).status_code == 401


async def test_what_is_no_file_of_it_wants_a_token(browser: httpx.AsyncClient) -> None:
    closed = ("/assets/none.js", "/.hidden", "/leads-out.txt", "/outside.txt", "/../outside.txt", "/api/shadow.json")
    for path in (*closed, "/assets/", "/services", "/api/v1/services", "/%2e%2e/outside.txt"):
        assert (await browser.get(path)).status_code == 401, path
    for path in ("/api", "/api/v1/services", "/api/nothing", "/metrics"):
        assert (await browser.get(path, headers=HTML)).status_code == 401, path
    assert (await browser.post("/", headers=HTML)).status_code == 401
    assert (await browser.get("/", headers=HTML | {"host": "evil.example"})).status_code == 403


async def test_a_page_without_its_hash_leads_to_it_under_any_prefix(browser: httpx.AsyncClient) -> None:
    for path, location in (
        ("/services", "./#/services"),
        ("/services/wine?tab=logs", "../#/services/wine?tab=logs"),
        ("//evil.example/x", "../../#//evil.example/x"),
    ):
        answer = await browser.get(f"http://127.0.0.1:8000{path}", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (307, location)
    assert (await browser.get("/docs", headers=HTML)).text.startswith("<!doctype html>")


@pytest.mark.usefixtures("without_a_bundle")
async def test_without_a_bundle_a_browser_is_led_to_the_description_of_the_api(lone: Controller) -> None:
    browser = browser_of(lone)
    answer = await browser.get("/", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (307, "docs")
