"""Label sources on files: read once, again after a change, and never by halves."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nats.js import JetStreamContext

from inference_logger.domain.tables import LABELLED, LABELS
from inference_logger.handlers.sources import reading
from inference_logger.store.sources.places import LocalPlace, SourceFile
from running_services import logged_requests
from running_services.label_sources import DefinedSources
from running_services.logged_requests import log, record
from running_services.running_logger import RunningLogger
from shared.clock import SystemClock
from shared.contracts.inference_tables.label_sources import LabelRun
from shared.errors import NotFound, Unavailable
from waiting.eventually import eventually

rows = partial(logged_requests.rows, kind=LABELLED)
history = partial(logged_requests.rows, kind=LABELS)


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


async def test_a_file_that_is_bad_leaves_nothing_and_holds_up_no_other(
    running: RunningLogger, sources: DefinedSources, truth: Path, home: Path
) -> None:
    source = sources.define("truth", format="parquet", location=str(truth), root=str(truth), schedule="PT1H")
    write(truth / "good.parquet", {"c-a": 6})
    write(truth / "big.parquet", {f"c-{number}": number for number in range(30_000)})
    whole = (truth / "big.parquet").read_bytes()
    (truth / "big.parquet").write_bytes(whole[: len(whole) // 3] + b"\0" * 400 + whole[len(whole) // 3 + 400 :])
    (truth / "short.parquet").write_bytes(whole[:-100])
    pq.write_table(pa.table({"order": ["c-b"], "quality": pa.array([[1]])}), truth / "kind.parquet")
    pq.write_table(pa.table({"order": ["c-b"], "x\0y": [1]}), truth / "less.parquet")
    (truth / os.fsdecode(b"\xff.parquet")).write_bytes(whole)
    run = await sources.run(source)
    assert (counted(run), run.state) == ((1, 1, 0, 1), "failed")
    assert run.error is not None
    for name in ("big", "short", "kind", "less", "?"):
        assert f"{name}.parquet: " in run.error
    assert "order, x?y" in run.error
    assert "there is no column quality" in run.error
    assert "column quality is of the type list<element: int64>, which is no label" in run.error
    assert [row["key"] for row in history(home)] == ["c-a"]
    (state,) = await sources.sources.states("wine")
    assert (state.state, state.next_run_at is not None) == ("failing", True)
    assert 'penstock_label_source_failing{service="wine",source="truth"} 1.0' in running.metrics()
    for name in ("short", "kind", "less", "\udcff"):
        (truth / f"{name}.parquet").unlink()
    (truth / "big.parquet").write_bytes(whole)
    assert (await sources.run(source)).labels_new == 29_999 + 1
    assert (await sources.sources.states("wine"))[0].state == "ok"
    assert not list((home / "inference-logger" / "label-sources").iterdir())


async def test_csv_labels_are_numbers_where_all_of_a_file_are(
    running: RunningLogger, sources: DefinedSources, truth: Path, home: Path
) -> None:
    source = sources.define(
        "truth",
        format="csv",
        location=str(truth),
        root=str(truth),
        row="at",
        labelled_at="when",
        keys={"request_id": "id"},
    )
    (truth / "a.csv").write_text("id,at,quality,when\nr,0,6,2026-01-01T00:00:00Z\nr,1,7,2026-01-01T00:00:00Z\n")
    (truth / "b.csv").write_text('id,at,quality,when\ns,,good,\nt,,7,\n,,1,\nu,x,1,\n"v\n')
    run = await sources.run(source)
    assert (run.rows_read, run.labels_new, run.state) == (2, 2, "failed")
    (truth / "b.csv").write_text("id,at,quality,when\ns,,good,\nt,,7,\n,,1,\nu,x,1,\n")
    run = await sources.run(source)
    assert (run.rows_read, run.labels_new, run.rejected, run.rejections[0]) == (4, 2, 2, "row 2: has no key")
    found = {(row["key"], row["row_index"]): row["value_double"] or row["value_string"] for row in history(home)}
    assert found == {("r", 0): 6.0, ("r", 1): 7.0, ("s", 0): "good", ("t", 0): "7"}


async def test_nothing_outside_of_what_may_be_read_is_read(
    running: RunningLogger, sources: DefinedSources, truth: Path, home: Path
) -> None:
    secret = truth.parent / "secret.csv"
    secret.write_text("password\n")
    (truth / "link.csv").symlink_to(secret)
    linked = sources.define("linked", format="csv", location=str(truth), root=str(truth))
    error = (await sources.run(linked)).error
    assert error is not None
    assert "leads out of" in error
    assert "password" not in error
    other = home / "tables" / "iris"
    other.mkdir(parents=True)
    for place in (other, home / "tables"):
        foreign = sources.define("foreign", format="parquet", location=str(place), root=str(home))
        assert (await sources.run(foreign)).error == "its location lies in, or around, the tables of another service"
    (truth / "way").symlink_to(other)
    way = sources.define("way", format="parquet", location=str(truth / "way"), root="/")
    assert (await sources.run(way)).error == "its location lies in, or around, the tables of another service"
    gone = sources.define("gone", format="parquet", location=str(truth / "no.parquet"), root=str(truth))
    assert "there is nothing at" in str((await sources.run(gone)).error)


async def test_a_source_is_read_when_it_is_due_and_another_one_that_hangs_holds_up_nothing(
    running: RunningLogger, sources: DefinedSources, truth: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, files = threading.Event(), LocalPlace.files

    def hang(place: LocalPlace, suffix: str) -> list[SourceFile]:
        return files(place, suffix) if suffix == ".parquet" or answers.wait() else []

    monkeypatch.setattr(LocalPlace, "files", hang)
    limits = sources.sources.reader.limits
    sources.sources.reader.limits = replace(limits, within_s=0.2)
    hanging = sources.define("hangs", format="csv", location=str(truth), root=str(truth), schedule="PT1H")
    await sources.sources.refresh()
    await eventually(lambda: hanging.id in sources.sources.reader.threads._running)
    sources.sources.reader.limits = limits
    write(truth / "one.parquet", {"c-a": 6})
    sources.define("truth", format="parquet", location=str(truth), root=str(truth), schedule="PT1H")
    await sources.sources.refresh()
    await eventually(lambda: [row["key"] for row in history(home)] == ["c-a"])
    await eventually(lambda: sources.sources._progress[hanging.id].failures > 0)
    assert sources.sources._progress[hanging.id].reason == "it does not answer within 1.2 s"
    assert (await sources.run(hanging)).error == "it does not answer; the last reading still hangs"
    answers.set()
    await eventually(lambda: not sources.sources.reader.threads._running)
    assert (await sources.run(hanging)).state == "ok"
    del sources.defined[hanging.id]
    await sources.sources.refresh()
    assert [state.state for state in await sources.sources.states("wine")] == ["ok"]
    with pytest.raises(NotFound):
        await sources.sources.run_now(hanging.id)
    assert await sources.sources.runs(hanging.id, 5) == []


async def test_another_definition_is_read_from_the_beginning_and_a_killed_run_takes_nothing_twice(
    running: RunningLogger, sources: DefinedSources, truth: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(truth / "one.parquet", {"c-a": 6, "c-b": 7}, grade=[1, 2])
    source = sources.define("truth", format="parquet", location=str(truth), root=str(truth))
    with monkeypatch.context() as patched:
        patched.setattr(reading, "note_files", _killed)
        assert (await sources.run(source)).state == "failed"
    assert counted(await sources.run(source)) == (2, 0, 0, 2)
    sources.defined[source.id] = source.model_copy(update={"labels": {"": "grade"}, "revision": 2})
    assert counted(await sources.run(source)) == (2, 0, 2, 2)
    assert sorted(row["revision"] for row in history(home)) == [1, 1, 2, 2]


async def test_another_inference_logger_is_told_to_read(
    running: RunningLogger, sources: DefinedSources, truth: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sources.define("truth", format="parquet", location=str(truth), root=str(truth))
    write(truth / "one.parquet", {"c-a": 6})
    with monkeypatch.context() as patched:
        patched.setattr(running.app.sink.stores.ownership, "may_write", lambda _service: False)
        state = await sources.sources.run_now(source.id)
        assert (state.is_running, state.state, state.next_run_at is not None) == (False, "waiting", True)
        sources.sources.start_due(SystemClock().now())
        assert not sources.sources._running
    await eventually(lambda: [row["key"] for row in history(home)] == ["c-a"])

    async def triggers() -> list[str]:
        return [run.trigger for run in await sources.sources.runs(source.id, 5)]

    await eventually(lambda: _equal(triggers(), ["manual"]))


async def _equal(found: Any, wanted: Any) -> bool:
    return bool(await found == wanted)


async def _killed(*_: Any) -> None:
    raise Unavailable("killed")
