"""Every page of the console, opened in Chromium on a real platform: no error, no serious finding, both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from browser.visit import Language, Theme, visit
from platforms.running_platform import Platform
from platforms.served_model import ServedModel

pytestmark = pytest.mark.timeout(300)

TOP = ("/services", "/publish", "/models", "/resources", "/destinations", "/usage", "/people", "/platform")
TABS = (
    *("", "/versions", "/versions/v1", "/debug", "/monitor", "/logs", "/events", "/requests", "/keys", "/settings"),
    *("/tables", *(f"/tables?tab={tab}" for tab in ("accounting", "labels", "erasures"))),
    *(f"/tables?table=inferences&view={view}" for view in ("rows", "statistics", "columns")),
)
OTHERS = (
    "/models/wine_quality",
    "/resources?tab=groups",
    "/resources?tab=capacity",
    "/people?tab=users",
    "/people?tab=tokens",
    "/people?tab=secrets",
    "/people?tab=audit",
    "/people/default",
)


@pytest.mark.parametrize(
    ("language", "theme"),
    [
        ("en", "light"),
        ("zh", "dark"),
        pytest.param("en", "dark", marks=pytest.mark.long),
        pytest.param("zh", "light", marks=pytest.mark.long),
    ],
)
def test_every_page_is_whole(
    chromium: Browser, platform: Platform, seen: ServedModel, language: Language, theme: Theme
) -> None:
    pages = (*TOP, *(f"/services/{seen.service}{tab}" for tab in TABS), *OTHERS)
    findings: dict[str, list[str]] = {}
    with visit(chromium, platform, language, theme) as opened:
        for page in pages:
            opened.go(page)
            if found := opened.serious_findings():
                findings[page] = found
        assert opened.errors == []
    assert findings == {}
