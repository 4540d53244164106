"""(j) Inference tables: messages of the stream → payload → inferences, beside `write_deltalake` of the same rows alone.

Rows have eleven features; requests carry 1 or 100 of them. Cost is CPU time of the process, all its threads together.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import orjson
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from benchmarks.options import Options
from inference_logger.domain.inferences.signatures import Signature, SignatureKey, parse_signature
from inference_logger.domain.inferences.step import derive_parts
from inference_logger.domain.records import read_message
from inference_logger.domain.schema import NEEDED_OF_PAYLOAD
from inference_logger.domain.tables import INFERENCES, ReceivedMessage, TableKey, split_by_table
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.derived.tables import Derivation, derive_next
from shared.ids import new_id

FEATURES = tuple(f"feature_{number}" for number in range(11))
KEY = TableKey("wine")
VERSION_ID = str(UUID(int=1))
BATCHES = {1: 40_000, 100: 2_000}
"""Rows of a request → requests of one measurement."""
RECORDS_OF_A_MESSAGE = 200


def run(options: Options) -> dict[str, Any]:
    """Medians over the rounds."""
    results = []
    for rows, most in BATCHES.items():
        requests = most // 20 if options.is_quick else most
        rounds = [_measure(rows, requests) for _ in range(1 if options.is_quick else options.rounds)]
        found = {name: round(median(one[name] for one in rounds)) for name in rounds[0]}
        results.append({"rows_of_a_request": rows, "requests": requests, **found})
    return {"results": results}


def _measure(rows: int, requests: int) -> dict[str, float]:
    messages = _messages(rows, requests)
    with tempfile.TemporaryDirectory(prefix="penstock-tables-") as folder:
        root = Path(folder)
        tables = PayloadTables(folder)
        to_payload = cpu_s(partial(_append, tables, messages))
        payload, target = root / "wine" / "payload", root / "wine" / INFERENCES
        derivation = Derivation(str(payload), str(target), step, NEEDED_OF_PAYLOAD)
        to_inferences = cpu_s(partial(catch_up, derivation))
        written = DeltaTable(payload).to_pyarrow_table()
        inferences = DeltaTable(target).to_pyarrow_table()
        assert (written.num_rows, inferences.num_rows) == (requests, requests * rows)
        alone_payload = cpu_s(partial(_write, root / "alone" / "payload", written))
        alone_inferences = cpu_s(partial(_write, root / "alone" / INFERENCES, inferences))
    return {
        "records_s_to_payload": requests / to_payload,
        "records_s_write_deltalake": requests / alone_payload,
        "rows_s_to_inferences": requests * rows / to_inferences,
        "rows_s_write_deltalake": requests * rows / alone_inferences,
    }


def cpu_s(work: Callable[[], Any]) -> float:
    """Seconds of processor that some work takes in this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _messages(rows: int, requests: int) -> list[bytes]:
    chance = random.Random(7)  # noqa: S311 - the same figures in each run
    records = [new_record(chance, rows, datetime.now(UTC)) for _ in range(requests)]
    starts = range(0, requests, RECORDS_OF_A_MESSAGE)
    return [orjson.dumps({"records": records[start : start + RECORDS_OF_A_MESSAGE]}) for start in starts]


def new_record(chance: random.Random, rows: int, at: datetime) -> dict[str, Any]:
    """A request with so many rows, received at `at`."""
    data = [[round(chance.uniform(0, 15), 3) for _ in FEATURES] for _ in range(rows)]
    identity = str(new_id())
    return {
        "request_id": identity,
        "record_id": identity,
        "client_request_id": None,
        "service": KEY.service,
        "version": "v1",
        "version_id": VERSION_ID,
        "generation": 1,
        "model": "wine_quality/1",
        "pod": "wine-v1-a",
        "received_at": at.isoformat(),
        "duration_ms": 1.5,
        "status_code": 200,
        "route_reason": "only",
        "request": orjson.dumps({"dataframe_split": {"columns": FEATURES, "data": data}}).decode(),
        "response": orjson.dumps({"predictions": [chance.uniform(3, 9) for _ in range(rows)]}).decode(),
        "sampling_fraction": 1.0,
        "logging_error_codes": [],
    }


def _append(tables: PayloadTables, messages: list[bytes]) -> None:
    """As the logger does with what it has read from the stream."""
    received = [ReceivedMessage(place, read_message(body, KEY.service)) for place, body in enumerate(messages, 1)]
    tables.append(KEY, split_by_table(received)[KEY], "benchmark", len(messages))


def catch_up(derivation: Derivation) -> None:
    """As the logger does while there is more."""
    while (done := derive_next(derivation)).is_behind:
        derivation = replace(derivation, backfill=done.backfill)


def _signature() -> Signature:
    columns = [{"type": "double", "name": name, "required": True} for name in FEATURES]
    tensor = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]
    return parse_signature(orjson.dumps(columns).decode(), orjson.dumps(tensor).decode())


SIGNATURES: dict[SignatureKey, Signature] = {(VERSION_ID, 1): _signature()}


def step(rows: pa.Table, fields: Any) -> Iterator[pa.Table]:
    """To inferences."""
    return derive_parts(rows, SIGNATURES, fields)


def _write(place: Path, rows: pa.Table) -> None:
    write_deltalake(str(place), rows, partition_by=["request_date"])
