"""The databases of one home: one that was there before and is gone stops the start, instead of an empty new one.

An empty database of the controller would look like a fresh installation: no service, no key, and routers and pods told
so. Which there were is noted in `databases.json` once a platform was ready.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from penstock.launcher.files import read_object, write_private
from penstock.launcher.home import Home, LaunchError
from penstock.launcher.processes import LOGGER, WITH_DATABASE, prefix_of

SQLITE = b"SQLite format 3\0"


def database_files(home: Home, environ: Mapping[str, str]) -> dict[str, Path]:
    """Owner → file of each database that lies in the home; those of the user's own choice are not ours to watch."""
    own = [service for service in WITH_DATABASE if not environ.get(f"{prefix_of(service)}DATABASE_URL")]
    return {name: home.path / name / f"{name}.db" for name in (*own, "mlflow")}


def check_sharing(home: Home, environ: Mapping[str, str]) -> None:
    """Raise LaunchError where several inference-loggers were to share an SQLite file."""
    url = environ.get(f"{prefix_of(LOGGER)}DATABASE_URL") or "sqlite"
    if home.inference_loggers > 1 and url.startswith("sqlite"):
        raise LaunchError(
            f"PENSTOCK_INFERENCE_LOGGERS={home.inference_loggers} needs PostgreSQL: set INFERENCE_LOGGER_DATABASE_URL "
            "to postgresql+psycopg://…; with SQLite there is one inference-logger"
        )


def check_databases(home: Home, environ: Mapping[str, str], fresh: Collection[str]) -> None:
    """Raise LaunchError naming a file that is gone, or that is none of SQLite's. `fresh`: these may be made anew."""
    known = set((read_object(_known(home)) or {}).get("databases", ()))
    if (home.path / "admin-token").exists():
        known.add("controller")  # it writes this file when its database is made
    for name, file in database_files(home, environ).items():
        if name in known and name not in fresh and not file.exists():
            raise LaunchError(
                f"the database of the {name} is gone: {file} was there before. Restore it from a backup, "
                f"or go on without what it held: ./penstock up --new-database {name}"
            )
        if name == "mlflow" and file.exists():
            _check_header(file)


def _check_header(file: Path) -> None:
    """MLflow's own words would not name the file."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(SQLITE))
    except OSError as error:
        raise LaunchError(f"database {file} cannot be read: {error.strerror}") from None
    if start != SQLITE:
        raise LaunchError(f"database {file} is corrupt: it is no SQLite database; restore it, or move it away")


def note_databases(home: Home, environ: Mapping[str, str]) -> None:
    """Write down which there are, now that all serve."""
    present = sorted(name for name, file in database_files(home, environ).items() if file.exists())
    if (read_object(_known(home)) or {}).get("databases") != present:
        write_private(_known(home), json.dumps({"databases": present}) + "\n")


def _known(home: Home) -> Path:
    return home.path / "databases.json"
