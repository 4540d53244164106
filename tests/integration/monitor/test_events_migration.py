"""Events of an installation that kept one line for each reason stay, and going back keeps the newest of each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from monitor.main import MIGRATIONS
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
