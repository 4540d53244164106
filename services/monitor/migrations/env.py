"""Alembic environment of the monitor."""

from monitor.store.tables import Record
from shared.migrations import run_env

run_env(Record.metadata)
