"""Every page of the console, opened in Chromium on a real platform: no error, no serious finding, both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from browser.visit import Language, Theme, Visit, visit
from platforms.running_platform import Platform
from platforms.served_model import ServedModel

pytestmark = pytest.mark.timeout(300)

TOP = ("/services", "/alerts", "/publish", "/models", "/resources", "/destinations", "/usage", "/people", "/platform")
TABS = (
    *("", "/versions", "/versions/v1", "/debug", "/monitor", "/logs", "/events", "/requests", "/keys", "/settings"),
    *("/tables", *(f"/tables?tab={tab}" for tab in ("accounting", "labels", "erasures"))),
    *("/quality", "/quality?monitor=errors", "/retraining"),
    *(f"/tables?table=inferences&view={view}" for view in ("rows", "statistics", "columns")),
)
OTHERS = (
    "/models/wine_quality",
    *(f"/alerts?tab={tab}" for tab in ("silences", "maintenance", "channels")),
    "/resources?tab=groups",
    "/resources?tab=capacity",
    "/people?tab=users",
    "/people?tab=tokens",
    "/people?tab=secrets",
    "/people?tab=audit",
    "/people/default",
)


ALL, EVEN, ODD = slice(None), slice(0, None, 2), slice(1, None, 2)
"""Each run opens every page once; all of them in each language and theme is for `--long`."""


@pytest.mark.parametrize(
    ("language", "theme", "some"),
    [
        pytest.param("en", "light", EVEN, id="en-light"),
        pytest.param("zh", "dark", ODD, id="zh-dark"),
        *(
            pytest.param(language, theme, ALL, id=f"all-{language}-{theme}", marks=pytest.mark.long)
            for language in ("en", "zh")
            for theme in ("light", "dark")
        ),
    ],
)
def test_every_page_is_whole(
    chromium: Browser, platform: Platform, seen: ServedModel, language: Language, theme: Theme, some: slice
) -> None:
    pages = (*TOP, *(f"/services/{seen.service}{tab}" for tab in TABS), *OTHERS)[some]
    findings: dict[str, list[str]] = {}
    with visit(chromium, platform, language, theme) as opened:
        for page in pages:
            opened.go(page)
            findings[page] = opened.serious_findings()
        findings |= {"sizes of pods": sizes_of_pods(opened), "menus": menus_of_the_header(opened)}
        assert opened.errors == []
    assert {page: found for page, found in findings.items() if found} == {}


def sizes_of_pods(opened: Visit) -> list[str]:
    """What a step of publishing offers to choose from."""
    opened.go("/publish?model=wine_quality&version=1&step=resources")
    expect(opened.page.get_by_role("radio", name="1C2G")).to_be_attached()
    return opened.serious_findings()


def menus_of_the_header(opened: Visit) -> list[str]:
    found: list[str] = []
    for button in opened.page.locator("header button[aria-haspopup=menu]").all():
        button.click()
        expect(opened.page.get_by_role("menu").last).to_be_visible()
        found += opened.serious_findings()
        opened.page.keyboard.press("Escape")
        expect(opened.page.locator("body > div .ant-dropdown:visible")).to_have_count(0)
    return found
