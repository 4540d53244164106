"""Inference tables for tests of quality rules, written as the inference-logger writes them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from shared.contracts.chunks import ChunkStream
from shared.contracts.quality.monitors import Monitor
from shared.contracts.quality.training_data import TrainingData, TrainingDataQuery
from shared.contracts.rpc.controller import Destination
from shared.contracts.rpc.inference_logger.tables import TableView
from shared.contracts.rpc.quality import MetricTable
from shared.errors import NotFound, Unavailable
from shared.ids import new_id
from shared.storage.objects import S3Credentials

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIME = pa.timestamp("us", "UTC")


def named(name: str, kind: pa.DataType, role: str, original: str | None = None) -> pa.Field:
    """A column with the metadata that the logger gives it."""
    return pa.field(name, kind, metadata={b"penstock.role": role, b"penstock.name": original or name})


SCHEMA = pa.schema(
    [
        pa.field("request_date", pa.date32()),
        pa.field("request_id", pa.string()),
        pa.field("row_index", pa.int32()),
        pa.field("request_time", TIME),
        pa.field("version", pa.string()),
        pa.field("error", pa.string()),
        pa.field("features_json", pa.string()),
        named("f_fixed_acidity", pa.float64(), "feature", "fixed acidity"),
        named("alcohol", pa.float64(), "feature"),
        named("colour", pa.string(), "feature"),
        named("prediction", pa.float64(), "prediction", ""),
    ]
)
LABELS = pa.schema(
    [
        *SCHEMA,
        pa.field("labelled_at", TIME),
        pa.field("label_received_at", TIME),
        pa.field("label_revision", pa.int32()),
        named("label", pa.float64(), "label", ""),
    ]
)


def wine_rows(
    start: datetime, count: int, *, moved: float = 0.0, seed: int = 1, spread: timedelta = HOUR, **columns: Any
) -> dict[str, Any]:
    """So many rows over `spread`; `moved`: by how many standard deviations alcohol has moved."""
    random = np.random.default_rng(seed)
    times = [start + spread * (place / count) for place in range(count)]
    return {
        "request_date": [time.date() for time in times],
        "request_id": [f"{seed}-{place}" for place in range(count)],
        "row_index": [0] * count,
        "request_time": times,
        "version": ["v1"] * count,
        "error": [None] * count,
        "features_json": [None] * count,
        "f_fixed_acidity": random.normal(7, 1, count),
        "alcohol": random.normal(10 + moved, 1, count),
        "colour": random.choice(["red", "rosé"], count),
        "prediction": random.normal(6, 0.5, count),
        **columns,
    }


class Lake:
    """The tables of service wine under a folder, and what the other services say of them: implements `PeerCalls`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rules: dict[UUID, Monitor] = {}
        self.is_away = False
        self.views: dict[str, TableView] = {}
        self.trained: TrainingData | None = None
        self.file = b""
        self.noted: dict[str, MetricTable] = {}
        self.others: dict[str, TableView] = {}
        """A table of another service, by its name."""

    def write(self, rows: dict[str, Any], kind: str = "inferences", schema: pa.Schema = SCHEMA) -> None:
        """Append rows."""
        location = self.folder / "wine" / kind
        write_deltalake(location, pa.table(rows, schema=schema), mode="append", partition_by=["request_date"])
        self.views[kind] = TableView(
            name=f"wine.{kind}",
            service="wine",
            kind=kind,
            location=f"file://{location}",
            rows=0,
            version=DeltaTable(location).version(),
            updated_at=NOON,
        )

    def label(self, rows: dict[str, Any], labels: Sequence[float], at: datetime) -> None:
        """Append labelled rows."""
        count = len(labels)
        given = {"labelled_at": [at] * count, "label_received_at": [at] * count, "label_revision": [1] * count}
        self.write({**rows, **given, "label": labels}, "labelled", LABELS)

    def rule(self, name: str, kind: str, metric: str, **fields: Any) -> Monitor:
        """Define a rule."""
        given = {"service": "wine", "window": "PT1H", "schedule": "PT1H", "delay": "PT1M", **fields}
        made = Monitor(
            id=new_id(),
            name=name,
            kind=kind,
            metric=metric,
            created_at=NOON,
            **given,
        )
        self.rules[made.id] = made
        return made

    async def monitors(self) -> tuple[Monitor, ...]:
        return tuple(self.rules.values())

    async def tables(self, service: str) -> tuple[TableView, ...]:
        if self.is_away:
            raise Unavailable("the inference-logger does not answer")
        if service in self.others:
            return (self.others[service],)
        return tuple(self.views.values()) if service == "wine" else ()

    async def training_data(self, query: TrainingDataQuery) -> TrainingData:
        return self.trained or TrainingData(kind="none", reason="nobody knows")

    async def note_table(self, table: MetricTable) -> None:
        self.noted[table.kind] = table

    async def read_chunks(self, stream: ChunkStream) -> AsyncGenerator[bytes, None]:
        yield self.file

    async def destinations(self) -> tuple[Destination, ...]:
        return ()

    async def credentials(self, destination: str) -> S3Credentials:
        raise NotFound(destination)
