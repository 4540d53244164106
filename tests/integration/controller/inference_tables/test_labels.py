"""Labels through the control plane: handed over piece by piece, in each format, and counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from controller.api.middleware import bodies
from penstock import Client
from running_services.door import Door
from running_services.running_controller import TOKEN, Controller, Peers, wine
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.rpc.inference_logger.labels import (
    LABEL_COVERAGE,
    RECEIVE_LABELS,
    LabelCoverage,
    LabelCoverageQuery,
    LabelReceipt,
    LabelUpload,
    RejectedLabel,
)

PATH = "/api/v1/services/wine/labels"


class Logger:
    """Takes every label, and says what it was asked."""

    def __init__(self, nats_url: str) -> None:
        self.bus = Bus("inference-logger", nats_url, clock=SystemClock())
        self.bus.serve(RECEIVE_LABELS, self._receive)
        self.bus.serve(LABEL_COVERAGE, self._coverage)
        self.taken: list[tuple[LabelUpload, bytes]] = []
        self.asked: list[LabelCoverageQuery] = []

    async def _receive(self, upload: LabelUpload) -> LabelReceipt:
        body = b"".join([chunk async for chunk in self.bus.read_chunks(upload.body)])
        self.taken.append((upload, body))
        wrong = RejectedLabel(row=1, reason="has no label")
        return LabelReceipt(received=2, joined=1, waiting=0, rejected=(wrong,), rejected_rows=1)

    async def _coverage(self, query: LabelCoverageQuery) -> LabelCoverage:
        self.asked.append(query)
        return LabelCoverage(items=(), predicted=4, labelled=1, share=0.25)


@pytest.fixture
async def logger(controller: Controller, peers: Peers) -> AsyncIterator[Logger]:
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    found = Logger(peers._nats_url)
    task = await peers.run(found.bus)
    yield found
    await peers.end(task)


async def test_each_format_is_handed_over_as_it_came(controller: Controller, logger: Logger) -> None:
    items = {"labels": [{"request_id": "r", "label": 1}]}
    keyed = {"Idempotency-Key": "k"}
    found = await controller.call("POST", "/services/wine/labels?key=customer", 200, json=items, headers=keyed)
    assert (found["joined"], found["rejected"]) == (1, [{"row": 1, "reason": "has no label"}])
    await controller.call("POST", "/services/wine/labels", 200, json=items, headers=keyed)
    for kind, body in (("text/csv", b"request_id,label"), ("application/vnd.apache.parquet", b"PAR1\x00" * 600_000)):
        await controller.call("POST", "/services/wine/labels", 200, content=body, headers={"Content-Type": kind})
        assert logger.taken[-1][1] == body
    first, second = (upload for upload, _ in logger.taken[:2])
    assert (first.format, first.key_column, second.key_column) == ("json", "customer", None)
    assert first.upload_id is not None
    assert first.upload_id == second.upload_id
    assert [upload.format for upload, _ in logger.taken[2:]] == ["csv", "parquet"]
    assert (await controller.call("GET", "/services/wine/labels/coverage?step=60"))["share"] == 0.25
    assert logger.asked[-1].step == 60
    await controller.call("POST", "/services/nobody/labels", 404, json=items)
    await controller.call("POST", "/services/wine/labels", 415, content=b"x", headers={"Content-Type": "text/plain"})
    await controller.call("GET", "/services/wine/labels/coverage?step=1", 400)


async def test_a_body_that_grows_too_long_is_taken_back(
    door: Door, logger: Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bodies._FILES, "text/csv", 3_000_000)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x" * 1_000_000

    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/csv"}
    async with httpx.AsyncClient(base_url=door.url, headers=headers) as client:
        answer = await client.post(PATH, content=pieces())
    assert (answer.status_code, logger.taken) == (413, [])


def test_the_client_names_the_format_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text("{}")
    with Client("http://penstock", TOKEN) as client:
        seen: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(200, json={"received": 1})

        client._http = httpx.Client(transport=httpx.MockTransport(handle))
        assert client.send_label_file("wine", file)["received"] == 1
        with pytest.raises(ValueError, match="does not say its format"):
            client.send_label_file("wine", tmp_path / "labels.txt")
    assert (seen[0].headers["content-type"], seen[0].content) == ("application/x-ndjson", b"{}")
