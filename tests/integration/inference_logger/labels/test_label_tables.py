"""Label sources on Delta tables and in an object store: by version, and clear where somebody else changed them."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from inference_logger.domain.labels.tabular import LabelColumns
from inference_logger.domain.tables import LABELS
from inference_logger.store.sources import staging
from inference_logger.store.sources.delta import DeltaSource
from inference_logger.store.sources.places import LocalPlace
from inference_logger.store.storage import LOCAL
from running_services import logged_requests
from running_services.destination_answers import DestinationAnswers, answering
from running_services.label_sources import DefinedSources
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess
from servers.object_stores.seaweed_process import WRITER, SeaweedProcess, bucket_server
from shared.contracts.inference_tables.label_sources import LabelRun, LabelSource
from shared.errors import UpstreamFailed
from waiting.eventually import eventually

history = partial(logged_requests.rows, kind=LABELS)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "truth"


@pytest.fixture
def source(sources: DefinedSources, table: Path) -> LabelSource:
    return sources.define("truth", format="delta", location=str(table), root=str(table.parent))


def truth(labels: dict[str, float], **more: list[Any]) -> pa.Table:
    return pa.table({"order": list(labels), "quality": list(labels.values()), **more})


def counted(run: LabelRun) -> tuple[int, int, int, str | None]:
    return run.rows_read, run.labels_new, run.labels_corrected, run.position


async def test_each_version_is_read_once(sources: DefinedSources, source: LabelSource, table: Path, home: Path) -> None:
    sources.defined[source.id] = source.model_copy(update={"labelled_at": "at"})
    early, late = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2))
    write_deltalake(table, truth({"c-a": 6.0, "c-b": 7.0}, at=[early, early]))
    assert counted(await sources.run(source)) == (2, 2, 0, "version 0")
    assert counted(await sources.run(source)) == (0, 0, 0, "version 0")
    write_deltalake(table, truth({"c-c": 8.0}, at=[early]), mode="append")
    write_deltalake(table, truth({"c-a": 5.0}, at=[late]), mode="append")
    assert counted(await sources.run(source)) == (2, 1, 1, "version 2")
    DeltaTable(table).optimize.compact()
    DeltaTable(table).vacuum(0, dry_run=False, enforce_retention_duration=False)
    assert counted(await sources.run(source)) == (0, 0, 0, "version 5")  # two of them are the vacuum's
    for number, is_vacuumed in enumerate((False, True)):  # compacted before it was read
        write_deltalake(table, truth({f"c-{number}": 1.0}, at=[early]), mode="append")
        DeltaTable(table).optimize.compact()
        if is_vacuumed:
            DeltaTable(table).vacuum(0, dry_run=False, enforce_retention_duration=False)
        assert (await sources.run(source)).labels_new == 1
    DeltaTable(table).update(updates={"quality": "9.0"}, predicate="\"order\" = 'c-b'")
    run = await sources.run(source)
    assert (run.labels_new, run.labels_corrected) == (0, 1)
    DeltaTable(table).delete("\"order\" = 'c-a'")
    run = await sources.run(source)
    assert (run.labels_new, run.labels_corrected) == (0, 0)
    assert len(history(home)) == 7


async def test_a_table_that_somebody_changed_is_read_again_or_says_what_is_wrong(
    sources: DefinedSources, source: LabelSource, table: Path, home: Path
) -> None:
    assert (await sources.run(source)).error == "there is no Delta table at its location"
    write_deltalake(table, truth({"c-a": 6.0}, day=["one"]), partition_by=["day"])
    assert counted(await sources.run(source)) == (1, 1, 0, "version 0")
    write_deltalake(table, truth({"c-b": 6.0}, day=["two"]), mode="append")
    DeltaTable(table).create_checkpoint()
    write_deltalake(table, truth({"c-c": 6.0}, day=["two"]), mode="append")
    (table / "_delta_log" / f"{0:020d}.json").unlink()
    (table / "_delta_log" / f"{1:020d}.json").unlink()
    assert counted(await sources.run(source)) == (3, 2, 0, "version 2")  # the log does not reach back
    shutil.rmtree(table)
    write_deltalake(table, truth({"c-d": 6.0}))
    assert counted(await sources.run(source)) == (1, 1, 0, "version 0")  # another table
    write_deltalake(table, pa.table({"order": ["c-e"], "quality": [[1.0]]}), mode="overwrite", schema_mode="overwrite")
    assert "column quality is of the type list" in str((await sources.run(source)).error)
    write_deltalake(table, pa.table({"order": ["c-e"], "grade": [1.0]}), mode="overwrite", schema_mode="overwrite")
    assert "there is no column quality" in str((await sources.run(source)).error)
    write_deltalake(table, truth({"c-f": 6.0}), mode="overwrite", schema_mode="overwrite")
    data = table / DeltaTable(table).file_uris()[0].rpartition("/")[2]
    whole = data.read_bytes()
    data.write_bytes(whole[:-30])
    assert "damaged" in str((await sources.run(source)).error)
    data.write_bytes(whole)
    assert counted(await sources.run(source))[1] == 1
    assert {row["key"] for row in history(home)} == {"c-a", "c-b", "c-c", "c-d", "c-f"}


async def test_a_large_table_is_taken_in_rounds_by_column_and_time(
    sources: DefinedSources, table: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [datetime(2026, 1, 1, tzinfo=UTC)]
    source = sources.define(
        "truth",
        format="delta",
        location=str(table),
        root=str(table.parent),
        keys={"customer": "customer"},
        labels={"grade": "quality", "is_good": "good"},
        labelled_at="at",
    )
    for number in range(3):
        rows = {"customer": [number], "quality": [1.5], "good": [True], "at": at}
        write_deltalake(table, pa.table(rows), partition_by=["customer"], mode="append")
    monkeypatch.setattr(staging, "ROUND_ROWS", 1)
    assert counted(await sources.run(source)) == (3, 6, 0, "version 2")
    found = {(row["key_name"], row["key"], row["name"]): row["labelled_at"] for row in history(home)}
    assert found == {("customer", str(number), name): at[0] for number in range(3) for name in ("grade", "is_good")}


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedProcess]:
    with bucket_server(tmp_path_factory.mktemp("weed"), "lake") as server:
        yield server


async def test_an_object_store_is_read_through_its_destination(
    nats_server: NatsProcess, running: RunningLogger, sources: DefinedSources, weed: SeaweedProcess, tmp_path: Path
) -> None:
    client = weed.client("lake", "truth")
    options = client.folder.options(client.credentials)
    write_deltalake("s3://lake/truth/table", truth({"c-a": 6.0}), storage_options=options)
    pq.write_table(truth({"c-b": 7.0}), tmp_path / "one.parquet")
    client.put("truth/files/one.parquet", (tmp_path / "one.parquet").read_bytes())
    client.put("truth/files/two.csv", b"order,quality\nc-c,8\n")
    answers = DestinationAnswers()
    answers.define("lake", "s3://lake/truth", weed.endpoint, WRITER)
    delta = sources.define("delta", format="delta", location="s3://lake/truth/table")
    folder = sources.define("folder", format="parquet", location="s3://lake/truth/files")
    file = sources.define("file", format="csv", location="s3://lake/truth/files/two.csv")
    async with answering(nats_server.url, answers):
        await eventually(lambda: running.app.destinations.definitions.items)
        for each in (delta, folder, file):
            run = await sources.run(each)
            assert (run.error, run.labels_new) == (None, 1)
            assert (await sources.run(each)).rows_read == 0
        deltalake.write_deltalake("s3://lake/truth/table", truth({"c-d": 6.0}), mode="append", storage_options=options)
        client.put("truth/files/two.csv", b"order,quality\nc-c,9\n")
        assert (await sources.run(delta)).labels_new == 1
        assert (await sources.run(file)).labels_corrected == 1
        client.delete("truth/files/one.parquet")
        assert (await sources.run(folder)).error == "there is no .parquet file at s3://lake/truth/files"
        gone = sources.define("gone", format="parquet", location="s3://lost/truth")
        assert (await sources.run(gone)).error == "no destination is defined that holds s3://lost/truth"
        answers.define("lost", "s3://lost", weed.endpoint, WRITER)
        await eventually(lambda: _is_missing(sources, gone), every=0.2)


async def _is_missing(sources: DefinedSources, source: LabelSource) -> bool:
    return (await sources.run(source)).error == "bucket lost does not exist"


@pytest.mark.parametrize("features", [[], ["deletionVectors"]])
@pytest.mark.parametrize("named", ["{file}", "file://{file}", "../secret/{name}", "%2e%2e/secret/{name}", "link"])
def test_a_log_that_names_files_of_others_opens_none(tmp_path: Path, named: str, features: list[str]) -> None:
    secret, own = tmp_path / "secret", tmp_path / "own"
    write_deltalake(secret, truth({"x": 1.0}))
    write_deltalake(own, truth({"c-a": 6.0}))
    file = next(secret.glob("*.parquet"))
    os.symlink(file, own / "link")
    log = own / "_delta_log" / f"{0:020d}.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "add" in action:
            action["add"] |= {"path": named.format(file=file, name=file.name), "size": file.stat().st_size}
        elif "protocol" in action and features:
            versions = {"minReaderVersion": 3, "minWriterVersion": 7}
            action["protocol"] = {**versions, "readerFeatures": features, "writerFeatures": features}
    log.write_text("\n".join(json.dumps(action) for action in actions))
    columns = LabelColumns({"client_request_id": "order"}, {"": "quality"})
    source = DeltaSource(LocalPlace(str(own), str(tmp_path)), LOCAL, columns)
    with pytest.raises(UpstreamFailed, match=r"outside of its folder|leads out of"):
        source.read({}, staging.Bounds(tmp_path / "stage", 1 << 30, time.monotonic() + 60))
