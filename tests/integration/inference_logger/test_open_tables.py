"""A table that stays open is still the one that lies there, whatever others have done to it meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from inference_logger.domain.tables import TableKey, TableShare
from inference_logger.store.delta import open_tables
from inference_logger.store.delta.open_tables import OpenTables
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.storage import LOCAL
from running_services.logged_requests import record

KEY = TableKey("wine")


def appended(tables: PayloadTables, *names: str, upto: int, app: str = "app") -> int:
    share = TableShare(records=[(upto, record(name)) for name in names])
    return tables.append(KEY, share, app, upto).rows


def names_in(tables: PayloadTables) -> list[str]:
    rows = DeltaTable(tables.location(KEY)).to_pyarrow_table(columns=["request_id"])
    return sorted(rows.column("request_id").to_pylist())


def test_it_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables, opened = PayloadTables(str(tmp_path)), list[str]()

    def counting(place: str, **named: object) -> DeltaTable:
        opened.append(place)
        return DeltaTable(place, **named)  # type: ignore[arg-type]

    counting.create = DeltaTable.create  # type: ignore[attr-defined]
    monkeypatch.setattr(open_tables, "DeltaTable", counting)
    for number in range(5):
        assert appended(tables, f"r{number}", upto=number + 1) == 1
    assert len(opened) == 1
    assert len(names_in(tables)) == 5


def test_what_others_have_written_is_seen(tmp_path: Path) -> None:
    one, other = PayloadTables(str(tmp_path)), PayloadTables(str(tmp_path))
    assert appended(one, "a", upto=1) == 1
    assert appended(other, "b", upto=2) == 1
    assert appended(one, "b", upto=2) == 0
    assert appended(one, "c", upto=3) == 1
    assert appended(other, "c", upto=3) == 0
    assert appended(other, "d", upto=4) == 1
    assert names_in(one) == ["a", "b", "c", "d"]


def removed(folder: Path) -> None:
    shutil.rmtree(folder)


def made_anew(folder: Path) -> None:
    shutil.rmtree(folder)
    appended(PayloadTables(str(folder.parents[1])), "x", upto=1)


def made_anew_with_as_many_versions(folder: Path) -> None:
    versions = DeltaTable(str(folder)).version()
    shutil.rmtree(folder)
    tables = PayloadTables(str(folder.parents[1]))
    for number in range(versions):
        appended(tables, f"x{number}", upto=number + 1)


def log_cleaned(folder: Path) -> None:
    table = DeltaTable(str(folder))
    write_deltalake(table, table.to_pyarrow_table().slice(0, 0), mode="append")
    DeltaTable(str(folder)).create_checkpoint()
    for path in sorted((folder / "_delta_log").glob("*.json"))[:-1]:
        path.unlink()


@pytest.mark.parametrize("change", [removed, made_anew, made_anew_with_as_many_versions, log_cleaned])
def test_a_table_that_is_not_the_same_any_more_is_opened_anew(tmp_path: Path, change: Callable[[Path], None]) -> None:
    tables, folder = PayloadTables(str(tmp_path)), tmp_path / "wine" / "payload"
    for number in range(3):
        appended(tables, f"r{number}", upto=number + 1)
    change(folder)
    before = names_in(tables) if folder.exists() else []
    assert appended(tables, "new", upto=9, app="another") == 1
    assert names_in(tables) == sorted([*before, "new"])


def test_the_least_recently_used_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_tables, "MOST", 2)
    tables = OpenTables()
    for name in "abc":
        place = str(tmp_path / name)
        table, is_new = tables.take(place, LOCAL, pa.schema([pa.field("request_date", pa.date32())]))
        assert is_new
        tables.give_back(place, table)
    assert [Path(place).name for place in tables._kept] == ["b", "c"]
