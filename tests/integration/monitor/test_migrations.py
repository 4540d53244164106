"""What an installation of before has stays, and going back leaves what the code of before can read."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from monitor.domain.metrics.blocks import pack
from monitor.domain.metrics.entries import Series, entries_of, rolled
from monitor.main import MIGRATIONS
from shared.contracts.metrics.latency_bins import bin_of
from shared.migrations import sync_url

EVENT = """insert into events (id, service, kind, name, level, reason, message, first_seen, last_seen, count{more})
values (:id, 'wine', 'service', 'wine', 'info', 'TrafficChanged', :message, :at, :at, 3{values})"""


def migrated(url: str, step: Any, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    step(config, revision)


def test_events_of_before_stay_and_going_back_keeps_the_newest(database_url: str) -> None:
    engine = create_engine(sync_url(database_url))
    old, new = ({"message": words, "at": f"2026-05-0{day} 12:00:00+00:00"} for day, words in ((1, "old"), (2, "new")))
    migrated(database_url, command.upgrade, "0001")
    with engine.begin() as connection:
        connection.execute(text(EVENT.format(more="", values="")), old | {"id": UUID(int=1).hex})

    migrated(database_url, command.upgrade, "0002")

    with engine.begin() as connection:
        kept = connection.execute(text("select message, count, digest from events")).one()
        assert (*kept[:2], len(kept[2])) == ("old", 3, 64)
        more = new | {"id": UUID(int=2).hex, "digest": "d" * 64}
        connection.execute(text(EVENT.format(more=", digest", values=", :digest")), more)
    migrated(database_url, command.downgrade, "0001")
    with engine.begin() as connection:
        assert connection.execute(text("select message from events")).scalars().all() == ["new"]
    engine.dispose()


def test_going_back_forgets_which_router_had_requests_in_flight(database_url: str) -> None:
    engine = create_engine(sync_url(database_url))
    migrated(database_url, command.upgrade, "0005")
    sums = {"requests": 3, "in_flight": 2, "in_flight_by": {"r1": 2}}
    key = {"minute": 60, "service": "wine", "version": "v1", "pod": "p"}
    minute = "insert into traffic_minutes (minute, service, version, pod, sums) values (:minute, :service, :version, "
    recent = "insert into recent_samples (step, service, kind, rows) values (60, 'wine', 'traffic', :rows)"
    with engine.begin() as connection:
        connection.execute(text(f"{minute}:pod, :sums)"), key | {"sums": json.dumps(sums)})
        connection.execute(text(recent), {"rows": json.dumps([{"version": "v1", "pod": "p", "sums": sums}])})

    migrated(database_url, command.downgrade, "0004")

    with engine.begin() as connection:
        (found,) = connection.execute(text("select cast(sums as text) from traffic_minutes")).scalars()
        (rows,) = connection.execute(text("select cast(rows as text) from recent_samples")).scalars()
    assert json.loads(found) == json.loads(rows)[0]["sums"] == {"requests": 3, "in_flight": 2}
    engine.dispose()


def test_going_back_makes_rows_of_blocks(database_url: str) -> None:
    engine = create_engine(sync_url(database_url))
    migrated(database_url, command.upgrade, "head")
    owner = Series("wine", "v1", "p")
    fields = {"requests": 3, "samples": 1, "status:200": 3, "in_flight@r1": 2, "latency_us": 6000}
    parts = {
        "traffic": [(3660, owner, fields)],
        "latency": [(3660, owner, {f"b{bin_of(0.002)}": 3})],
        "usage": [(3660, owner, {"samples": 2, "cpu": 1_000_000, "cpu_samples": 2, "memory": 200})],
        "replicas": [(3660, owner._replace(pod=""), {"wanted": 1, "running": 1, "ready": 0})],
    }
    block = (
        "insert into metric_blocks (kind, step_s, service, start, is_rolled, data) values (:kind, 60, 'wine', 3600, "
    )
    with engine.begin() as connection:
        for kind, rows in parts.items():
            data = pack(rolled(entries_of(rows), 60), 3600, 60)
            connection.execute(text(f"{block}false, :data)"), {"kind": kind, "data": data})

    migrated(database_url, command.downgrade, "0008")

    with engine.begin() as connection:
        found = {
            table: connection.execute(text(f"select minute, version, pod, cast(sums as text) from {table}")).one()
            for table in ("traffic_minutes", "usage_minutes", "replicas_minutes")
        }
    assert {tuple(row[:3]) for row in found.values()} == {(3660, "v1", "p"), (3660, "v1", "")}
    traffic, usage, replicas = (json.loads(row[3]) for row in found.values())
    assert (traffic["requests"], traffic["status"], traffic["in_flight_by"]) == (3, {"200": 3}, {"r1": 2})
    assert traffic["latency_counts"] == [0, 3, *[0] * 14]
    assert (usage["samples"], usage["cpu_sum"], usage["memory_sum"], replicas["ready"]) == (2, 1.0, 200.0, 0)
    engine.dispose()
