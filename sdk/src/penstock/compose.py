"""What Compose's one-shot containers do: `python -m penstock.compose setup | databases`. Safe to repeat.

`setup` makes the bus' users and every password, and leaves each container its own, in its own volume, and nobody
else's: a model is other people's code, and it runs in the scheduler's container. `databases` makes a role and a
database for each service that owns one, and replaces PostgreSQL's first password.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.launcher import mlflow_server
from penstock.launcher.bus import config as nats_config
from penstock.launcher.bus import rights as bus_rights
from penstock.launcher.files import write_private
from penstock.launcher.postgresql import OWNERS, SUPERUSER, database_url, make_databases, set_passwords
from penstock.launcher.processes import prefix_of

if TYPE_CHECKING:
    import psycopg

VOLUMES = Path("/volumes")
USER = 10_001
"""Who the containers run as."""
POSTGRES_WITHIN_S = 90.0


def setup(volumes: Path = VOLUMES) -> None:
    """Write `nats.conf`, and `credentials.env` for every container."""
    own = volumes / "setup"
    bus = nats_config.Credentials.load_or_make(own / "nats.json")
    databases = _load_or_make_passwords(own / "databases.json")
    for service in bus_rights.SERVICES:
        prefix = prefix_of(service)
        environment = {f"{prefix}NATS_URL": bus.url(service, "nats:4222")}
        if service in databases:
            environment[f"{prefix}DATABASE_URL"] = database_url(service, databases[service])
        _write_credentials(volumes / service, environment)
    store = database_url("mlflow", databases["mlflow"])
    _write_credentials(volumes / "mlflow", mlflow_server.environment(store, "/data/artifacts"))
    # nats-server's image runs as root, or as a user that this container cannot know; the volume is its alone.
    write_private(volumes / "nats" / "nats.conf", nats_config.render("0.0.0.0:4222", "/data/store", bus))
    (volumes / "nats" / "nats.conf").chmod(0o644)
    address = f"127.0.0.1:{os.environ.get('PENSTOCK_NATS_PORT', '4222')}"
    _write_for_containers(
        volumes / "controller" / "nats-subscriber-url", bus.url(bus_rights.SUBSCRIBER, address) + "\n"
    )


def _load_or_make_passwords(path: Path) -> dict[str, str]:
    try:
        known: dict[str, str] = dict(json.loads(path.read_text())) if path.exists() else {}
    except (OSError, ValueError, TypeError) as error:
        # Made anew they would open nothing: PostgreSQL has the old ones.
        sys.exit(f"{path} cannot be read ({error}): restore it from a backup of the volume `setup`")
    passwords = {name: known.get(name) or secrets.token_urlsafe(24) for name in (*OWNERS, SUPERUSER)}
    write_private(path, json.dumps(passwords))
    return passwords


def _write_credentials(volume: Path, environment: dict[str, str]) -> None:
    _write_for_containers(
        volume / "credentials.env", "".join(f"{key}='{value}'\n" for key, value in environment.items())
    )


def _write_for_containers(path: Path, text: str) -> None:
    write_private(path, text)
    os.chown(path, USER, USER)
    os.chown(path.parent, USER, USER)


def databases(volumes: Path = VOLUMES) -> None:
    """Make roles and databases, each open to its owner alone."""
    passwords: dict[str, str] = json.loads((volumes / "setup" / "databases.json").read_text())
    with _as_superuser(passwords[SUPERUSER]) as connection:
        make_databases(connection, {name: passwords[name] for name in OWNERS})
        set_passwords(connection, {SUPERUSER: passwords[SUPERUSER]})


def _as_superuser(password: str) -> psycopg.Connection[Any]:
    """Connect with the password of the last run; at the first run, with the one that the server was made with."""
    import psycopg  # noqa: PLC0415

    deadline = time.monotonic() + POSTGRES_WITHIN_S
    while True:
        for candidate in (password, os.environ["POSTGRES_PASSWORD"]):
            try:
                return psycopg.connect(
                    host="postgres", user=SUPERUSER, password=candidate, dbname=SUPERUSER, autocommit=True
                )
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    sys.exit(f"PostgreSQL does not let the superuser in: {str(error).splitlines()[0]}")
        time.sleep(0.5)


if __name__ == "__main__":
    {"setup": setup, "databases": databases}[sys.argv[1]]()
