"""Payload → inferences on real Delta tables: every row once, whatever is killed, cleaned, compacted or at once."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import deltalake
import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from inference_logger.domain.inferences import step
from inference_logger.domain.inferences.step import derive_parts
from inference_logger.domain.schema import ENGINE_PROPERTY, INFERENCES_SCHEMA, NEEDED_OF_PAYLOAD, SPARK
from inference_logger.domain.tables import INFERENCES, TableKey, TableShare
from inference_logger.store.delta import commits
from inference_logger.store.delta.log_entries import trim_log
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.derived import parts, source
from inference_logger.store.derived import tables as derived
from inference_logger.store.derived.tables import Derivation, derive_next, rows_behind
from running_services.logged_requests import START, record
from shared.errors import Conflict, NotFound

KEY = TableKey("wine")
NEVER = timedelta(0)


class Tables:
    """A payload table and what is derived from it."""

    def __init__(self, root: Path) -> None:
        self.tables = PayloadTables(str(root))
        self.payload, self.target = root / "wine" / "payload", root / "wine" / INFERENCES
        self.derivation = Derivation(str(self.payload), str(self.target), partial(_step), NEEDED_OF_PAYLOAD)
        self.position = 0

    def log(self, *records: dict[str, Any]) -> None:
        """One commit of payload."""
        share = TableShare(list(enumerate(records, self.position + 1)))
        self.position += len(records)
        self.tables.append(KEY, share, "app", self.position)

    def catch_up(self) -> None:
        """Derive until there is nothing more."""
        derivation = self.derivation
        while (done := derive_next(derivation)).is_behind:
            derivation = replace(derivation, backfill=done.backfill)

    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = DeltaTable(self.target).to_pyarrow_table().to_pylist()
        return found

    def counted(self) -> Counter[str]:
        return Counter(f"{row['record_id']}/{row['row_index']}" for row in self.rows())


def _step(rows: pa.Table, fields: Sequence[pa.Field]) -> Iterator[pa.Table]:
    return derive_parts(rows, {}, fields)


def two(name: str, **fields: Any) -> dict[str, Any]:
    """A request with two rows."""
    body = '{"dataframe_split": {"columns": ["a"], "data": [[1.0], [2.0]]}}'
    return record(name, **{"request": body, "response": '{"predictions": [5.0, 6.0]}'} | fields)


def expected(*names: str) -> dict[str, int]:
    return {f"{name}/{row}": 1 for name in names for row in (0, 1)}


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def test_each_commit_is_derived_once(tables: Tables) -> None:
    with pytest.raises(NotFound):
        derive_next(tables.derivation)
    tables.log(two("a"), two("b"))
    assert rows_behind(tables.derivation) == 0  # there is no table yet that could be behind
    tables.catch_up()
    tables.log(two("c"))
    tables.log(two("d"))
    assert rows_behind(tables.derivation) == 2
    tables.catch_up()
    version = DeltaTable(tables.target).version()
    tables.catch_up()
    assert DeltaTable(tables.target).version() == version
    assert tables.counted() == expected("a", "b", "c", "d")
    assert {(row["a"], row["prediction"]) for row in tables.rows()} == {(1.0, 5.0), (2.0, 6.0)}
    assert {row["request_date"] for row in tables.rows()} == {START.date()}


def test_a_table_that_spark_has_made_is_not_written(tables: Tables) -> None:
    tables.log(two("a"))
    DeltaTable.create(tables.target, INFERENCES_SCHEMA)
    log = tables.target / "_delta_log/00000000000000000000.json"
    log.write_text(log.read_text().replace('"configuration":{', f'"configuration":{{"{ENGINE_PROPERTY}":"{SPARK}"'))
    with pytest.raises(Conflict, match="two engines"):
        tables.catch_up()
    assert not tables.rows()


def test_new_columns_widen_the_table_and_leave_old_rows_as_they_are(tables: Tables) -> None:
    tables.log(two("a"))
    tables.catch_up()
    body = '{"dataframe_records": [{"a": "x", "fixed acidity": 1}, {"a": "y", "fixed acidity": 2}]}'
    tables.log(two("b", request=body))
    tables.catch_up()
    rows = {f"{row['record_id']}/{row['row_index']}": row for row in tables.rows()}
    assert [rows["a/1"][name] for name in ("a", "a__string", "f_fixed_acidity")] == [2.0, None, None]
    assert [rows["b/1"][name] for name in ("a", "a__string", "f_fixed_acidity")] == [None, "y", 2]
    field = pa.schema(DeltaTable(tables.target).schema().to_arrow()).field("f_fixed_acidity")
    assert field.metadata == {
        b"penstock.role": b"feature",
        b"penstock.name": b"fixed acidity",
        b"penstock.kind": b"bigint",
    }
    tables.log(two("c", request=body))
    tables.catch_up()
    assert len(DeltaTable(tables.target).schema().fields) == len(rows["b/1"])


def test_several_at_once_write_every_row_once(tables: Tables) -> None:
    names = [f"r{number}" for number in range(12)]
    with ThreadPoolExecutor(3) as pool:
        for name in names:
            tables.log(two(name))
            for work in [pool.submit(tables.catch_up) for _ in range(3)]:
                work.result()
    assert tables.counted() == expected(*names)


class Killed(BaseException):
    """The process ends here."""


def _killing(work: Callable[..., Any], *, is_done: bool) -> Callable[..., Any]:
    def killed(*arguments: Any, **named: Any) -> Any:
        if is_done:
            work(*arguments, **named)
        raise Killed

    return killed


@pytest.mark.parametrize(("module", "write"), [(commits, "write_deltalake"), (derived, "_open_target")])
@pytest.mark.parametrize("is_done", [True, False])
def test_killed_before_or_after_any_write_nothing_is_lost_or_doubled(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, module: ModuleType, write: str, is_done: bool
) -> None:
    for name in ("a", "b"):  # the first append reads all of payload, the second goes by its log
        tables.log(two(name))
        with monkeypatch.context() as patched:
            patched.setattr(module, write, _killing(getattr(module, write), is_done=is_done))
            with pytest.raises(Killed):
                tables.catch_up()
        tables.catch_up()
    assert tables.counted() == expected("a", "b")


def test_a_commit_of_another_writer_in_between_is_seen(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    tables.log(two("a"))
    tables.catch_up()
    tables.log(two("b"))
    real, tries = deltalake.write_deltalake, list[int]()

    def late(*arguments: Any, **named: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            with monkeypatch.context() as patched:
                patched.setattr(commits, "write_deltalake", real)
                tables.catch_up()
        real(*arguments, **named)

    monkeypatch.setattr(commits, "write_deltalake", late)
    tables.catch_up()
    assert tables.counted() == expected("a", "b")
    tables.log(two("c"))
    monkeypatch.setattr(commits, "write_deltalake", _always_too_late)
    with pytest.raises(CommitFailedError):
        tables.catch_up()


def _always_too_late(*_: Any, **__: Any) -> None:
    raise CommitFailedError("another writer was first")


def test_compacted_and_vacuumed_before_it_was_derived(tables: Tables) -> None:
    tables.log(two("a"))
    tables.catch_up()
    for name in ("b", "c"):
        tables.log(two(name))
    tables.tables.compact(str(tables.payload), NEVER)
    tables.catch_up()
    assert tables.counted() == expected("a", "b", "c")
    tables.tables.compact(str(tables.target), NEVER)
    tables.log(two("d"))
    tables.tables.compact(str(tables.payload), NEVER)
    tables.catch_up()
    assert tables.counted() == expected("a", "b", "c", "d")


def test_the_log_of_payload_was_cleaned(tables: Tables) -> None:
    tables.log(two("a"))
    tables.catch_up()
    for name in ("b", "c"):
        tables.log(two(name))
    DeltaTable(tables.payload).create_checkpoint()
    for version in (1, 2):
        (tables.payload / "_delta_log" / f"{version:020d}.json").unlink()
    tables.catch_up()
    tables.log(two("d"))
    tables.catch_up()
    assert tables.counted() == expected("a", "b", "c", "d")


def test_a_table_of_before_is_read_whole_in_pieces(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived, "BACKFILL_ROWS", 2)
    monkeypatch.setattr("inference_logger.store.derived.source.BATCH_ROWS", 2)
    names = [f"r{number}" for number in range(7)]
    tables.log(*map(two, names[:5]))
    for name in names[5:]:
        tables.log(two(name))
    assert derive_next(tables.derivation).is_behind
    first = derive_next(tables.derivation)  # a logger that was started anew knows no place to go on from
    assert first.backfill is not None
    tables.log(two("late"))
    tables.catch_up()
    assert tables.counted() == expected(*names, "late")


def test_the_version_that_is_read_in_pieces_leaves_the_log(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived, "BACKFILL_ROWS", 2)
    monkeypatch.setattr("inference_logger.store.derived.source.BATCH_ROWS", 2)
    names = [f"r{number}" for number in range(6)]
    tables.log(*map(two, names))
    derive_next(tables.derivation)
    first = derive_next(tables.derivation)
    assert first.backfill is not None
    tables.log(two("late"))
    tables.tables.compact(str(tables.payload), NEVER)
    trim_log(str(tables.payload), 0)
    tables.derivation = replace(tables.derivation, backfill=first.backfill)
    tables.catch_up()
    assert tables.counted() == expected(*names, "late")


def test_bodies_that_are_alike_count_by_their_own_length(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    long = two("x")["request"] + " " * 60_000
    tables.log(*(two(f"a{number}", request=long) for number in range(3)))
    for patched, name in ((source, "PIECE_BYTES"), (source, "BATCH_BYTES"), (derived, "PIECE_BYTES")):
        monkeypatch.setattr(patched, name, 50_000)
    monkeypatch.setattr(source, "READ_ROWS", 1)
    assert derive_next(tables.derivation).is_behind  # the table is read whole
    tables.catch_up()
    tables.log(two("b", request=long))
    tables.log(two("c", request=long))
    assert max(path.stat().st_size for path in tables.payload.rglob("*.parquet")) < 50_000
    assert derive_next(tables.derivation).is_behind
    tables.catch_up()
    assert tables.counted() == expected("a0", "a1", "a2", "b", "c")


def test_a_request_of_many_rows_is_derived_in_parts(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    values = [1, 2, 3, 4, 2.5, None, "x", [7]]
    body = json.dumps({"instances": [{"a": value, "b": at} for at, value in enumerate(values)]})
    many = record("many", request=body, response=json.dumps({"predictions": [*range(7), 0.5]}))
    tables.log(two("a"), many)
    tables.catch_up()

    def in_order() -> list[dict[str, Any]]:
        return sorted(tables.rows(), key=lambda row: (row["record_id"], row["row_index"]))

    whole = in_order()
    shutil.rmtree(tables.target)
    for patched, name, value in ((step, "PART_ROWS", 3), (parts, "PLAIN_BYTES", 500), (derived, "MOST_ROWS", 8)):
        monkeypatch.setattr(patched, name, value)
    tables.catch_up()
    assert in_order() == whole
    assert {row["a"] for row in whole[2:]} == {1.0, 2.0, 3.0, 4.0, 2.5, None}

    for name in ("b", "c", "d"):
        tables.log(record(name, request=body, response=many["response"]))
    assert derive_next(tables.derivation).is_behind
    tables.catch_up()
    assert tables.counted() == expected("a") | {
        f"{name}/{at}": 1 for name in ("many", "b", "c", "d") for at in range(8)
    }


def test_rows_that_were_removed_from_payload_do_not_come_back(tables: Tables) -> None:
    tables.log(two("a"), two("b"))
    tables.catch_up()
    DeltaTable(tables.payload).delete("request_id = 'a'")  # which rewrites the file of both
    tables.log(two("c"))
    tables.catch_up()
    assert tables.counted() == expected("a", "b", "c")
    shutil.rmtree(tables.target)
    tables.catch_up()
    assert tables.counted() == expected("b", "c")


def test_rows_of_a_removed_service_are_left_out(tables: Tables) -> None:
    tables.log(two("a"), two("b", received_at=(START + timedelta(days=1)).isoformat()))
    tables.derivation = replace(tables.derivation, not_before=START + timedelta(hours=1))
    tables.catch_up()
    assert tables.counted() == expected("b")


def test_requests_without_rows_move_the_position_all_the_same(tables: Tables) -> None:
    tables.log(two("a", request='{"inputs": []}', response='{"predictions": []}'))
    tables.catch_up()
    assert (tables.rows(), rows_behind(tables.derivation)) == ([], 0)


def test_a_payload_table_made_anew_is_another_source(tables: Tables) -> None:
    tables.log(two("a"))
    tables.catch_up()
    shutil.rmtree(tables.payload)
    tables.log(two("b"))
    tables.catch_up()
    assert tables.counted() == expected("a", "b")


@pytest.mark.parametrize("kind", ["payload", INFERENCES])
def test_features_of_delta_that_every_reader_and_writer_has(tables: Tables, kind: str) -> None:
    tables.log(two("a"))
    tables.catch_up()
    tables.tables.compact(str(tables.target.parent / kind), NEVER)
    table = DeltaTable(tables.target.parent / kind)
    protocol, metadata = table.protocol(), table.metadata()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    assert (protocol.reader_features, protocol.writer_features) == (None, None)
    assert metadata.partition_columns == ["request_date"]
    assert metadata.configuration == {
        "delta.enableDeletionVectors": "false",
        "delta.columnMapping.mode": "none",
        "delta.checkpointPolicy": "classic",
        "delta.enableChangeDataFeed": "false",
        "delta.deletedFileRetentionDuration": f"interval {int(NEVER.total_seconds())} seconds",
    }
    found = duckdb.from_arrow(table.to_pyarrow_dataset()).aggregate("count(*), min(status_code)").fetchall()
    assert found == [(1 if kind == "payload" else 2, 200)]
    files = duckdb.read_parquet([uri.removeprefix("file://") for uri in table.file_uris()])
    assert files.aggregate("count(*)").fetchall() == [(found[0][0],)]
