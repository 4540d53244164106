"""A browser that looks at the console as a person would, and remembers what must not be: errors in its own console."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from browser.chromium import ARGUMENTS, chromium
from browser.node import MODULES, install_packages
from platforms.running_platform import Platform

Language = Literal["en", "zh"]
Theme = Literal["light", "dark"]
LOCALES = {"en": "en-US", "zh": "zh-CN"}
PICTURES = Path(__file__).parents[3] / ".penstock-tests" / "pictures"
LOADED_WITHIN_MS = 30_000
"""A first visit on a machine that does other things too; every wait ends with what it waits for."""
LOADING = ".ant-skeleton-active, .ant-spin-spinning, [aria-busy=true]"
WORST = frozenset({"serious", "critical"})


@dataclass
class Visit:
    """One signed-in page."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    """What the browser's console said: errors of scripts, refused resources, violated policies."""

    def go(self, path: str) -> None:
        """Open a page of the console, and wait until it has nothing more to load."""
        self.page.goto(f"{self.url}/#{path}")
        self.page.locator("h1").first.wait_for()
        self.page.wait_for_function(f"() => !document.querySelector('{LOADING}')")

    def keep_picture(self, name: str) -> None:
        """Keep what the page shows now in `PICTURES`, for people to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    def serious_findings(self) -> list[str]:
        """What axe finds on the page, without the minor and moderate."""
        self.page.evaluate((MODULES / "axe-core" / "axe.min.js").read_text())
        found: dict[str, Any] = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {node['html'][:160]}"
            for rule in found["violations"]
            if rule["impact"] in WORST
            for node in rule["nodes"]
        ]


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium of this machine."""
    install_packages()
    found = chromium()
    if found.node is not None:
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", found.node)
    with sync_playwright() as playwright:
        environ: dict[str, str | float | bool] = {**os.environ, **found.variables}
        started = playwright.chromium.launch(executable_path=found.path, args=list(ARGUMENTS), env=environ)
        try:
            yield started
        finally:
            started.close()


@contextmanager
def visit(browser: Browser, platform: Platform, language: Language = "en", theme: Theme = "light") -> Iterator[Visit]:
    """A page that has signed in with a link of `penstock console`."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale=LOCALES[language], color_scheme=theme, reduced_motion="reduce"
    )
    context.set_default_timeout(LOADED_WITHIN_MS)
    page = context.new_page()
    opened = Visit(page, platform.api_url.removesuffix("/api/v1"))
    try:
        page.goto(sign_in_link(platform))
        page.get_by_role("navigation").first.wait_for()
        page.on("console", lambda message: _note(opened, message))
        page.on("pageerror", lambda error: opened.errors.append(f"{page.url}: {error}"))
        yield opened
    finally:
        context.close()


def sign_in_link(platform: Platform) -> str:
    """What `penstock console --no-open` prints."""
    done = platform.penstock("console", "--no-open")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()[-1]


def _note(opened: Visit, message: ConsoleMessage) -> None:
    if message.type == "error":
        opened.errors.append(f"{opened.page.url}: {message.text}")
