"""A running inference-logger: inferences beside payload, typed by signatures, visible when they wait, removed."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from nats.js import JetStreamContext

from inference_logger.domain.tables import INFERENCES
from inference_logger.store.derived.signatures import list_signatures
from running_services import logged_requests
from running_services.logged_requests import START, VERSION_ID, log, record
from running_services.running_logger import RunningLogger, facts
from servers.nats_process import NatsProcess
from shared.bus.envelope import headers_of, subject_of
from shared.contracts.deployment import ModelSignature
from shared.contracts.rpc.inference_logger.tables import TableView
from shared.events import Event, PodReady, ServiceDeleted
from shared.ids import new_id
from waiting.eventually import eventually

PACE: dict[str, Any] = {"commit_interval": timedelta(seconds=0.05), "derive_interval": timedelta(seconds=0.05)}


rows = partial(logged_requests.rows, kind=INFERENCES)
counted = partial(logged_requests.counted, kind=INFERENCES)


async def say(js: JetStreamContext, event: Event) -> None:
    headers = headers_of(event, event_id=new_id(), source="scheduler", at=START)
    await js.publish(subject_of(event), event.model_dump_json().encode(), stream="EVENTS", headers=headers)


def pod_ready(generation: int, **kinds: str) -> PodReady:
    """A pod says that its model takes columns of these kinds."""
    inputs = [{"type": kind, "name": name, "required": True} for name, kind in kinds.items()]
    return PodReady(
        service_id=UUID(int=1),
        service="wine",
        version_id=UUID(VERSION_ID),
        version="v1",
        pod="wine-v1-a",
        generation=generation,
        address="127.0.0.1:1",
        ready_replicas=1,
        desired_replicas=1,
        signature=ModelSignature(inputs=json.dumps(inputs), outputs='[{"type": "double"}]'),
    )


def asked(name: str, columns: list[str], row: list[Any], generation: int | None) -> dict[str, Any]:
    body = {"dataframe_split": {"columns": columns, "data": [row]}}
    return record(name, request=json.dumps(body), response='{"predictions": [5]}', generation=generation)


@pytest.fixture
async def running(nats_server: NatsProcess, js: JetStreamContext, home: Path) -> AsyncIterator[RunningLogger]:
    logger = RunningLogger(nats_server.url, home, **PACE)
    await logger.start()
    yield logger
    await logger.stop()


async def test_rows_are_typed_by_the_signature_of_the_generation_that_answered(
    js: JetStreamContext, running: RunningLogger, home: Path
) -> None:
    await log(js, asked("early", ["fixed acidity"], [7], 3))  # before anybody knows what generation 3 takes
    await eventually((home / "tables" / "wine" / "payload").exists)
    await say(js, pod_ready(3, **{"fixed acidity": "double"}))
    await eventually(lambda: counted(home) == {"early": 1})
    await say(js, pod_ready(5, **{"fixed acidity": "string"}))
    await log(js, asked("other", ["fixed acidity"], ["low"], 5), asked("again", ["fixed acidity"], [8], 3))
    await log(js, asked("old", ["fixed acidity"], [9], None))  # of a router that names no generation
    await eventually(lambda: len(rows(home)) == 4)
    found = {row["request_id"]: row for row in rows(home)}
    columns = ("f_fixed_acidity", "f_fixed_acidity__string", "prediction", "generation")
    assert {name: tuple(row[column] for column in columns) for name, row in found.items()} == {
        "early": (7.0, None, 5.0, 3),
        "other": (None, "low", 5.0, 5),
        "again": (8.0, None, 5.0, 3),
        "old": (9.0, None, 5.0, None),
    }
    assert {type(found[name]["f_fixed_acidity"]) for name in ("early", "again", "old")} == {float}
    assert type(found["early"]["prediction"]) is float
    listed = await eventually(lambda: listed_with(running, 4))
    assert listed is not None
    assert (listed.kind, listed.status) == (INFERENCES, "ok")
    assert listed.location.removeprefix("file://").rstrip("/") == str(home / "tables" / "wine" / INFERENCES)

    async def is_told() -> bool:
        committed = [fact for fact in await facts(js, "table.committed") if fact["table"] == "wine.inferences"]
        return bool(sum(fact["rows"] for fact in committed) == 4)

    assert await eventually(is_told)
    async with running.app.database.read() as session:
        exported = (await list_signatures(session, "wine")).signatures
    assert [one.generations for one in exported] == [(3,), (5,)]
    assert '"fixed acidity"' in (exported[0].inputs or "")


async def listed_with(running: RunningLogger, rows: int) -> TableView | None:
    """The catalogue's entry once it counts so many rows: they can be read a moment before."""
    found = (await running.tables()).get("wine.inferences")
    return found if found is not None and found.rows == rows else None


async def test_a_table_that_cannot_be_written_waits_alone_and_catches_up(
    js: JetStreamContext, running: RunningLogger, home: Path
) -> None:
    place = home / "tables" / "wine" / INFERENCES
    place.parent.mkdir(parents=True)
    place.write_text("not a folder")
    await log(js, record("a"), record("b"))
    await log(js, record("c", "beer"))

    async def listed(name: str) -> str | None:
        view = (await running.tables()).get(name)
        return view.status if view else None

    async def is_blocked() -> bool:
        return await listed("wine.inferences") == "blocked"

    await eventually(is_blocked)
    await eventually(lambda: counted(home, "beer") == {"c": 1})
    assert await listed("wine.payload") == "ok"
    (blocked,) = await eventually_facts(js, "table.blocked")
    assert (blocked["table"], blocked["location"]) == ("wine.inferences", str(place))
    assert (await running.readiness())["blocked_tables"][0]["table"] == "wine.inferences"
    assert f'penstock_table_blocked{{location="{place}",table="wine.inferences"}} 1.0' in running.metrics()

    place.unlink()
    await eventually(lambda: counted(home) == {"a": 1, "b": 1})
    (recovered,) = await eventually_facts(js, "table.recovered")
    assert recovered["table"] == "wine.inferences"
    assert await listed("wine.inferences") == "ok"
    assert (await running.readiness())["blocked_tables"] == []


async def eventually_facts(js: JetStreamContext, name: str) -> list[dict[str, Any]]:
    async def are_there() -> list[dict[str, Any]]:
        return await facts(js, name)

    return await eventually(are_there)


async def test_one_that_is_started_anew_catches_up_by_itself_and_lists_what_it_finds(
    nats_server: NatsProcess, js: JetStreamContext, running: RunningLogger, home: Path
) -> None:
    await log(js, record("a"))
    await eventually(lambda: counted(home) == {"a": 1})
    await running.stop()
    shutil.rmtree(home / "tables" / "wine" / INFERENCES)
    await running.start()
    assert await eventually(lambda: counted(home) == {"a": 1})
    assert await eventually(lambda: listed_with(running, 1))


async def test_inferences_go_with_their_service(js: JetStreamContext, running: RunningLogger, home: Path) -> None:
    await say(js, pod_ready(3, a="double"))
    await log(js, record("a", generation=3))
    await eventually(lambda: counted(home) == {"a": 1})
    deleted_at = START + timedelta(days=1)
    await say(js, ServiceDeleted(service_id=UUID(int=1), service="wine", purge_tables=True, deleted_at=deleted_at))
    await eventually(lambda: not (home / "tables" / "wine").exists())
    younger = (deleted_at + timedelta(minutes=1)).isoformat()
    await log(js, record("late"), record("young", received_at=younger))
    assert await eventually(lambda: counted(home) == {"young": 1})

    async def names() -> bool:
        return set(await running.tables()) == {"wine.payload", "wine.inferences"}

    assert await eventually(names)
