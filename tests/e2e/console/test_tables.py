"""Everything that the console does with inference tables, once: filter, file, labels, masking, erasure, destination."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from browser.visit import Visit
from platforms.running_platform import Platform, until
from platforms.served_model import ServedModel, wine_body

pytestmark = pytest.mark.timeout(300)

ASKED = ("order-1", "order-2", "order-3")
SHOWN_WITHIN_MS = 30_000


@pytest.fixture(scope="module")
def recorded(platform: Platform, seen: ServedModel) -> str:
    """The service, once its requests are rows of both tables."""
    url, headers = f"{platform.data_url}/{seen.service}/predict", {"Authorization": f"Bearer {seen.key}"}
    for name in ASKED:
        answer = httpx.post(url, json=wine_body() | {"client_request_id": name}, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
    until(lambda: len(rows(platform, seen.service, "inferences")) == len(ASKED), within=60, what="rows of inferences")
    return seen.service


def rows(platform: Platform, service: str, kind: str) -> list[dict[str, Any]]:
    """Rows of the requests that were asked here; none while there is no such table."""
    tables = platform.api("GET", "/inference-tables", params={"service": service})["items"]
    if kind not in {table["kind"] for table in tables}:
        return []
    where = "client_request_id like 'order-%' and status_code = 200"
    path = f"/inference-tables/{service}.{kind}/rows"
    found: list[dict[str, Any]] = platform.api("GET", path, params={"where": where})["items"]
    return found


def button(opened: Visit, name: str) -> None:
    """Press the button of the topmost dialog, or of the page where there is none."""
    opened.page.get_by_role("button", name=re.compile(f"(^|\\s){re.escape(name)}$")).last.click()


def test_a_filter_is_refused_where_it_is_wrong_and_its_rows_are_a_file(
    opened: Visit, platform: Platform, recorded: str
) -> None:
    opened.go(f"/services/{recorded}/tables?table=inferences")
    box = opened.page.get_by_label("Filter", exact=True)
    box.fill("client_request_id = x")
    box.press("Enter")
    expect(opened.page.locator("mark")).to_have_text("x", timeout=SHOWN_WITHIN_MS)
    expect(opened.page.get_by_role("alert")).to_contain_text("character 21")
    opened.errors.clear()  # the refusal, which the browser notes
    box.fill("client_request_id in ('order-1', 'order-2')")
    box.press("Enter")
    expect(opened.page.get_by_text("order-2")).to_be_visible()
    expect(opened.page.get_by_text("order-3")).to_have_count(0)
    with opened.page.expect_download() as downloading:
        opened.page.get_by_role("link", name="As CSV").click()
    text = Path(downloading.value.path()).read_text()
    assert ("order-1" in text, "order-3" in text) == (True, False)
    button(opened, "Show the whole row")
    expect(opened.page.get_by_role("dialog")).to_contain_text("record_id")
    assert opened.errors == []


def test_a_file_of_labels_is_taken_and_shown_with_its_request(
    opened: Visit, platform: Platform, recorded: str, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("client_request_id,label\norder-1,2\norder-2,1\nnobody,\n")
    opened.go(f"/services/{recorded}/tables?tab=labels")
    button(opened, "Upload labels")
    opened.page.locator("input[type=file]").set_input_files(labels)
    button(opened, "Send")
    expect(opened.page.get_by_role("dialog")).to_contain_text("3 labels were read", timeout=SHOWN_WITHIN_MS)
    opened.page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    expect(opened.page.locator("tr", has_text="upload or client")).to_contain_text("2", timeout=SHOWN_WITHIN_MS)
    until(lambda: len(rows(platform, recorded, "labelled")) == 2, within=60, what="labelled rows")
    request = next(row["request_id"] for row in rows(platform, recorded, "labelled"))
    opened.go(f"/services/{recorded}/requests/{request}")
    expect(opened.page.get_by_text("1 of 1 row has a label")).to_be_visible()
    assert opened.errors == []


def test_a_label_source_is_defined_and_its_first_run_is_seen(opened: Visit, platform: Platform, recorded: str) -> None:
    truth = platform.home / "tables" / recorded / "truth"
    truth.mkdir()
    (truth / "labels.csv").write_text("order,quality\norder-1,2\n")
    opened.go(f"/services/{recorded}/tables?tab=labels")
    button(opened, "New source")
    for field, value in {"name": "truth", "location": truth.as_uri(), "key": "client_request_id = order"}.items():
        opened.page.locator(f"#{field}").fill(value)
    opened.page.locator("#label").fill("quality")
    button(opened, "Create")
    row = opened.page.locator("tr", has_text="truth")
    expect(row).to_contain_text("Works", timeout=SHOWN_WITHIN_MS)
    row.get_by_role("button", name="Runs").click()
    expect(opened.page.get_by_role("dialog")).to_contain_text("schedule")
    assert opened.errors == []


def test_masking_is_tried_on_recorded_requests_and_saved(opened: Visit, platform: Platform, recorded: str) -> None:
    opened.go(f"/services/{recorded}/versions/v1")
    button(opened, "Edit")
    drawer = opened.page.get_by_role("dialog")
    drawer.get_by_role("button", name="More: limits").click()
    drawer.get_by_role("button", name="Add a column").click()
    drawer.get_by_label("Column", exact=True).fill("alcohol")
    drawer.get_by_role("button", name="Try on recorded requests").click()
    tried = opened.page.get_by_role("dialog").filter(has_text="as these rules would leave them")
    expect(tried.get_by_text("masked", exact=True).first).to_be_visible(timeout=SHOWN_WITHIN_MS)
    opened.keep_picture("masking")
    opened.page.keyboard.press("Escape")
    expect(tried).to_have_count(0)
    button(opened, "Review and save")
    button(opened, "Apply")
    rule = [{"column": "alcohol", "action": "hash"}]
    version = f"/services/{recorded}/versions/v1"
    until(lambda: platform.api("GET", version)["log_delivery"]["masking"] == rule, within=30, what="the rule")
    assert opened.errors == []


def test_an_erasure_is_ordered_and_has_a_receipt(opened: Visit, platform: Platform, recorded: str) -> None:
    opened.go(f"/services/{recorded}/tables?tab=erasures")
    button(opened, "Erase rows")
    opened.page.locator("#client_request_ids").fill("order-3\n")
    opened.page.locator("#confirm").fill(recorded)
    button(opened, "Erase for good")
    receipt = opened.page.get_by_role("dialog").filter(has_text="Receipt")
    expect(receipt.locator("tr", has_text=f"{recorded}.inferences")).to_contain_text("1", timeout=SHOWN_WITHIN_MS)
    assert {row["client_request_id"] for row in rows(platform, recorded, "payload")} == {"order-1", "order-2"}
    assert opened.errors == []


def test_a_destination_is_made_with_its_keys_tested_and_forgotten(opened: Visit, platform: Platform) -> None:
    opened.go("/destinations")
    button(opened, "New destination")
    fields = {"name": "lake", "url": "s3://lake/tables", "endpoint": "http://127.0.0.1:9"}
    for field, value in (fields | {"accessKey": "a", "secretKey": "s"}).items():
        opened.page.locator(f"#{field}").fill(value)
    button(opened, "Create")
    row = opened.page.locator("tr", has_text="s3://lake/tables")
    expect(row).to_contain_text("lake-keys")
    row.get_by_role("button", name="Test").click()
    expect(opened.page.get_by_role("dialog")).to_contain_text("It does not work", timeout=SHOWN_WITHIN_MS)
    button(opened, "Close")
    row.get_by_role("button", name="Edit").click()
    opened.page.locator("#region").fill("eu-west-1")
    button(opened, "Save")
    until(lambda: platform.api("GET", "/destinations/lake")["region"] == "eu-west-1", within=30, what="another region")
    row.get_by_role("button", name="Delete").click()
    opened.page.get_by_role("dialog").get_by_role("textbox").fill("lake")
    opened.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    platform.api("DELETE", "/secrets/lake-keys")
    assert opened.errors == []
