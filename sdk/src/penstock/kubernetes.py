"""What containers of the Helm chart do beside the services: `python -m penstock.kubernetes databases | await-database`.

`databases` makes a role and a database for each service that keeps something, with the passwords of the release's
secret; safe to repeat. `await-database` waits until a service's own database lets it in: a service that starts before
its database ends at once, and Kubernetes starts it again later and later.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from penstock.launcher.postgresql import OWNERS, SUPERUSER, make_databases

if TYPE_CHECKING:
    import psycopg

WITHIN_S = 300.0
EVERY_S = 1.0


def password_variable(owner: str) -> str:
    """`inference-logger` → `INFERENCE_LOGGER_DATABASE_PASSWORD`."""
    return f"{owner.upper().replace('-', '_')}_DATABASE_PASSWORD"


def databases(environ: Mapping[str, str]) -> None:
    """Make roles and databases on the server that libpq's own variables (`PGHOST`, `PGUSER`, …) name."""
    import psycopg  # noqa: PLC0415 - who asks for the names needs no driver

    passwords = {owner: environ[password_variable(owner)] for owner in OWNERS}
    user = environ.get("PGUSER", SUPERUSER)

    def connect() -> psycopg.Connection[Any]:
        return psycopg.connect(user=user, dbname=environ.get("PGDATABASE", "postgres"), autocommit=True)

    with _connected(connect, f"the server does not let {user} in") as connection:
        make_databases(connection, passwords)
    print(f"penstock: roles and databases are there: {', '.join(OWNERS)}")


def await_database(environ: Mapping[str, str]) -> None:
    """Return once the database at `DATABASE_URL`, a SQLAlchemy URL, lets us in; exits with the reason after 5 min."""
    import psycopg  # noqa: PLC0415 - likewise

    url = environ["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://", 1)
    _connected(lambda: psycopg.connect(url, connect_timeout=5), "the database does not let us in").close()


def _connected(connect: Callable[[], psycopg.Connection[Any]], complaint: str) -> psycopg.Connection[Any]:
    import psycopg  # noqa: PLC0415 - likewise

    deadline = time.monotonic() + WITHIN_S
    said = ""
    while True:
        try:
            return connect()
        except psycopg.OperationalError as error:
            reason = (str(error).strip().splitlines() or ["no reason given"])[0]
            if time.monotonic() > deadline:
                sys.exit(f"penstock: {complaint}: {reason}")
            if reason != said:
                print(f"penstock: {complaint} yet: {reason}", flush=True)
            said = reason
        time.sleep(EVERY_S)


if __name__ == "__main__":
    {"databases": databases, "await-database": await_database}[sys.argv[1]](os.environ)
