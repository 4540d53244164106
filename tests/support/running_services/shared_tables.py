"""Tables that several inference-loggers share: what was logged, what is there, and who takes part."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
from nats.js import JetStreamContext
from sqlalchemy.engine import make_url

from running_services.logged_requests import counted, log, record
from waiting.eventually import eventually

SERVICES = tuple(f"wine-{number}" for number in range(6))


class Ledger:
    """What was logged of each service, and what its tables have of it."""

    def __init__(self, js: JetStreamContext, home: Path) -> None:
        self.js, self.home = js, home
        self.logged: dict[str, set[str]] = {service: set() for service in SERVICES}

    async def log(self, turn: str, messages: int = 3) -> None:
        """So many messages of three records to each service."""
        for number in range(messages):
            for service in SERVICES:
                names = [f"{turn}-{number}-{place}" for place in range(3)]
                await log(self.js, *(record(name, service) for name in names))
                self.logged[service].update(names)

    async def is_exact(self, kind: str = "payload") -> bool:
        """Whether the tables come to have every row, and have each once and no other."""
        await eventually(lambda: all(self._counted(each, kind).keys() >= self.logged[each] for each in SERVICES))
        return {each: self._counted(each, kind) for each in SERVICES} == {
            service: dict.fromkeys(names, 1) for service, names in self.logged.items()
        }

    def _counted(self, service: str, kind: str) -> Counter[str]:
        return counted(self.home, service, kind)


def query(store_url: str, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the loggers' database."""
    url = make_url(store_url)
    with psycopg.connect(host=str(url.query["host"]), user=url.username, dbname=url.database) as connection:
        return connection.execute(sql.encode()).fetchall()


def members(store_url: str) -> list[str]:
    """Who takes part now."""
    found = query(store_url, "SELECT members FROM assignments")
    return [name.removeprefix("inference-logger-") for name in found[0][0]] if found else []
