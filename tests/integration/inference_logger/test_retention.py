"""Rows that are older than they are kept go from every table, whole days at a time, and nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from nats.js import JetStreamContext
from pydantic import ValidationError

from inference_logger.domain.labels.values import Label, LabelKey
from inference_logger.handlers.maintenance import Keeping, compact_tables
from inference_logger.settings import InferenceLoggerSettings
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.labels.table import TablePlace, append_labels, find_requests
from running_services.logged_requests import counted, log, record
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess
from waiting.eventually import eventually

DAYS = timedelta(days=30)


def of_age(name: str, age: timedelta) -> dict[str, Any]:
    return record(name, received_at=(datetime.now(UTC) - age).isoformat())


async def test_old_days_go_from_every_table(nats_server: NatsProcess, js: JetStreamContext, home: Path) -> None:
    logger = RunningLogger(nats_server.url, home)
    await logger.start()
    try:
        ages = {"old": timedelta(days=32), "edge": timedelta(days=29), "new": timedelta(0)}
        await log(js, *(of_age(name, age) for name, age in ages.items()))
        every = dict.fromkeys(ages, 1)
        await eventually(lambda: counted(home) == counted(home, kind="inferences") == every)

        async def are_listed() -> bool:
            return {"wine.payload", "wine.inferences"} <= (await logger.tables()).keys()

        await eventually(are_listed)
        stores = logger.app.sink.stores
        await compact_tables(stores, Keeping(timedelta(0)))
        assert counted(home) == every

        await compact_tables(stores, Keeping(timedelta(0), DAYS))
        assert counted(home) == counted(home, kind="inferences") == {"edge": 1, "new": 1}
        assert {table.rows for table in (await logger.tables()).values()} == {2}
        folders = {path.parent.name for path in home.glob("tables/wine/*/request_date=*/*.parquet")}
        assert len(folders) == 2

        await compact_tables(stores, Keeping(timedelta(0), DAYS))
        done = [commit["operation"] for commit in DeltaTable(home / "tables/wine/payload").history()]
        assert done.count("DELETE") == 1  # none where nothing is old enough
        await compact_tables(stores, Keeping(timedelta(0), DAYS, local_commits=0))
        assert len(DeltaTable(home / "tables/wine/payload").history()) == 1
        await log(js, of_age("after", timedelta(0)))
        await eventually(lambda: counted(home, kind="inferences") == {"edge": 1, "new": 1, "after": 1})
    finally:
        await logger.stop()


def test_labels_go_by_the_day_they_came(tmp_path: Path) -> None:
    place, now = TablePlace(str(tmp_path / "wine/labels")), datetime.now(UTC)
    for name, age in {"old": timedelta(days=40), "new": timedelta(0)}.items():
        labels = [Label(LabelKey("client_request_id", name, 0, ""), 1.0, None)]
        append_labels(place, labels, find_requests([], labels), now - age, "api")
    PayloadTables(str(tmp_path)).expire(place.location, (now - DAYS).date())
    assert DeltaTable(place.location).to_pyarrow_table().column("key").to_pylist() == ["new"]


@pytest.mark.parametrize("value", ["0", "86400", "-1", "soon"])
def test_rows_are_kept_for_days(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFERENCE_LOGGER_ROWS_KEPT", value)
    with pytest.raises(ValidationError, match="rows_kept"):
        InferenceLoggerSettings(home=tmp_path, nats_url="nats://unused")
    monkeypatch.setenv("INFERENCE_LOGGER_ROWS_KEPT", "P90D")
    assert InferenceLoggerSettings(home=tmp_path, nats_url="nats://unused").rows_kept == timedelta(days=90)
