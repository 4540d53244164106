"""Label sources on files: read once, again after a change, and never by halves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nats.js import JetStreamContext

from inference_logger.domain.tables import LABELLED, LABELS
from running_services import logged_requests
from running_services.label_sources import DefinedSources
from running_services.logged_requests import log, record
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess
from shared.contracts.label_sources import LabelRun
from waiting.eventually import eventually

PACE: dict[str, Any] = {"commit_interval": timedelta(seconds=0.05), "derive_interval": timedelta(seconds=0.05)}
rows = partial(logged_requests.rows, kind=LABELLED)
history = partial(logged_requests.rows, kind=LABELS)


@pytest.fixture
async def running(nats_server: NatsProcess, js: JetStreamContext, home: Path) -> AsyncIterator[RunningLogger]:
    logger = RunningLogger(nats_server.url, home, **PACE)
    await logger.start()
    yield logger
    await logger.stop()


@pytest.fixture
def sources(running: RunningLogger) -> DefinedSources:
    return DefinedSources(running)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    folder = tmp_path / "truth"
    folder.mkdir()
    return folder


def write(file: Path, labels: dict[str, Any], **more: list[Any]) -> None:
    pq.write_table(pa.table({"order": list(labels), "quality": list(labels.values()), **more}), file)


def counted(run: LabelRun) -> tuple[int, int, int, int]:
    return run.rows_read, run.labels_new, run.labels_corrected, run.unmatched


def asked(name: str) -> dict[str, Any]:
    body = '{"dataframe_split": {"columns": ["a"], "data": [[1.0]]}}'
    return record(name, client_request_id=f"c-{name}", request=body, response='{"predictions": [5.0]}')


async def test_a_parquet_folder_is_read_once_and_again_after_a_change(
    js: JetStreamContext, running: RunningLogger, sources: DefinedSources, truth: Path, home: Path
) -> None:
    await running.app.bus.connected()
    await log(js, asked("a"), asked("b"))
    await eventually(lambda: len(logged_requests.rows(home, kind="inferences")) == 2)
    source = sources.define("truth", format="parquet", location=str(truth), root=str(truth.parent))
    write(truth / "one.parquet", {"c-a": 6, "c-b": 7})
    write(truth / "two.parquet", {"c-c": 8})
    assert counted(await sources.run(source)) == (3, 3, 0, 1)
    await eventually(lambda: sorted(row["label"] for row in rows(home)) == [6.0, 7.0])
    assert counted(await sources.run(source)) == (0, 0, 0, 0)
    write(truth / "two.parquet", {"c-a": 5, "c-c": 8})
    run = await sources.run(source)
    assert (counted(run), run.state, run.trigger, run.position) == ((2, 0, 1, 1), "ok", "manual", "2 files")
    await eventually(lambda: sorted(row["label"] for row in rows(home)) == [5.0, 7.0])
    assert [row["source"] for row in history(home)] == ["source:truth"] * 4
    (state,) = await sources.sources.states("wine")
    assert (state.state, state.is_running, state.next_run_at) == ("ok", False, None)
    assert (
        'penstock_label_source_labels_total{change="corrected",service="wine",source="truth"} 1.0' in running.metrics()
    )
