"""Rules and baselines over tables in an object store (SeaweedFS), reached with a destination's secret."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from monitor.handlers.rules.build import rules_of
from monitor.main import MIGRATIONS
from quality_tables import HOUR, NOON, SCHEMA, Lake, wine_rows
from running_services.running_rules import Rules, StoppedClock
from servers.migrated_stores import MigratedStores
from servers.object_stores.seaweed_process import READER, WRITER, SeaweedProcess, bucket_server
from shared.contracts.quality.monitors import Baseline, Monitor
from shared.contracts.rpc.controller import Destination
from shared.contracts.rpc.inference_logger.tables import TableView
from shared.database import Database
from shared.storage.objects import S3Credentials

DRIFT = {"warning": 0.1, "critical": 0.25, "min_sample": 500}
ROOT = "s3://lake/tables"


class StoredLake(Lake):
    """Its tables lie in a bucket; the destination has a secret."""

    def __init__(self, weed: SeaweedProcess) -> None:
        super().__init__(Path("none"))
        self.weed = weed
        self.secret = WRITER
        self.asked: list[str] = []

    @property
    def options(self) -> dict[str, str]:
        """As delta-rs takes them."""
        return self.weed.client("lake").folder.options(WRITER)

    def write(self, rows: dict[str, Any], kind: str = "inferences", schema: pa.Schema = SCHEMA) -> None:
        location = f"{ROOT}/wine/{kind}"
        table = pa.table(rows, schema=schema)
        write_deltalake(location, table, mode="append", partition_by=["request_date"], storage_options=self.options)
        version = DeltaTable(location, storage_options=self.options).version()
        known = {"name": f"wine.{kind}", "service": "wine", "kind": kind, "location": location, "rows": 0}
        self.views[kind] = TableView(**known, version=version, updated_at=NOON)

    async def destinations(self) -> tuple[Destination, ...]:
        return (Destination(name="lake", url=ROOT, endpoint=self.weed.endpoint, has_secret=True),)

    async def credentials(self, destination: str) -> S3Credentials:
        self.asked.append(destination)
        return self.secret


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedProcess]:
    with bucket_server(tmp_path_factory.mktemp("weed"), "lake") as server:
        yield server


@pytest.fixture
async def stored(
    weed: SeaweedProcess, request: pytest.FixtureRequest, tmp_path: Path, migrated_stores: MigratedStores
) -> AsyncIterator[Rules]:
    request.param = "sqlite"
    with migrated_stores.new(MIGRATIONS, tmp_path / "monitor.db", request) as url:
        database, clock, lake = Database.open(url), StoppedClock(), StoredLake(weed)
        yield Rules(lake, rules_of(lake, database, clock), database, clock)
        await database.close()


def made_of(lake: Lake, kind: str, name: str) -> Monitor:
    """A rule on drift from something in the bucket."""
    location = f"{ROOT}/wine/{name}"
    baseline = Baseline.model_validate({"kind": kind, "location": location})
    return lake.rule(name.replace(".", "-"), "drift", "psi", baseline=baseline, baseline_path=location, **DRIFT)


async def test_rules_and_baselines_work_on_tables_in_a_store(stored: Rules, weed: SeaweedProcess) -> None:
    lake = stored.lake
    assert isinstance(lake, StoredLake)
    rows = wine_rows(NOON, 800, seed=1, moved=2.0)
    rows["alcohol"] = [None if place % 4 == 0 else value for place, value in enumerate(rows["alcohol"])]
    lake.write(rows)
    plain = wine_rows(NOON - HOUR * 24 * 30, 3000, seed=9)
    train = pa.table({"fixed acidity": plain["f_fixed_acidity"], "alcohol": plain["alcohol"]})
    write_deltalake(f"{ROOT}/wine/train", train, storage_options=lake.options)
    files = weed.client("lake")
    for name, write in (("train.parquet", pq.write_table), ("train.csv", pa_csv.write_csv)):
        sink = io.BytesIO()
        write(train, sink)
        files.put(f"tables/wine/{name}", sink.getvalue())
    constraints = {"version": 0, "features": [{"name": "alcohol", "inferred_type": "Fractional", "completeness": 0.95}]}
    files.put("tables/wine/constraints.json", json.dumps(constraints).encode())
    nulls = lake.rule("nulls", "data_quality", "null_rate", columns=("alcohol",), warning=0.1, min_sample=10)
    expected = lake.rule(
        "expected",
        "data_quality",
        "null_rate",
        columns=("alcohol",),
        critical=0.0,
        min_sample=10,
        baseline=Baseline(kind="file", location=f"{ROOT}/wine/constraints.json"),
        baseline_path=f"{ROOT}/wine/constraints.json",
    )
    places = {"train": "table", "train.parquet": "file", "train.csv": "file"}
    drifts = [made_of(lake, kind, name) for name, kind in places.items()]
    absent = [made_of(lake, "file", name) for name in ("absent.parquet", "absent.json")]
    await stored.evaluate()
    (found,) = await stored.windows(nulls)
    assert (found.state, found.value) == ("warning", 0.25), found
    for rule in drifts:
        judged = {each.column: each for each in await stored.windows(rule)}
        assert None not in judged, (rule.name, judged[None].reason)
        assert {name: each.state for name, each in judged.items()} == {"alcohol": "critical", "f_fixed_acidity": "ok"}
    (found,) = await stored.windows(expected)
    assert (found.state, found.threshold) == ("critical", 0.05), found
    for rule in absent:
        (found,) = await stored.windows(rule)
        assert (found.state, "there is no" in (found.reason or "")) == ("error", True), found
    assert set(lake.asked) == {"lake"}
    metrics = DeltaTable(f"{ROOT}/wine/drift_metrics", storage_options=lake.options).to_pyarrow_table()
    assert {"alcohol", "f_fixed_acidity"} <= set(metrics.column("column_name").to_pylist())
    assert lake.noted["profile_metrics"].location == f"{ROOT}/wine/profile_metrics"


async def test_a_secret_that_the_store_refuses_says_so(stored: Rules) -> None:
    lake = stored.lake
    assert isinstance(lake, StoredLake)
    lake.write(wine_rows(NOON, 300, seed=3))
    lake.secret = S3Credentials(READER.access_key, "another")
    rule = lake.rule("nulls", "data_quality", "null_rate", columns=("alcohol",), warning=0.1, min_sample=10)
    await stored.evaluate()
    (found,) = await stored.windows(rule)
    assert found.state == "error"
    assert "another" not in (found.reason or "")
    assert found.reason
