"""Alembic environment of the scheduler."""

from scheduler.store.tables import Record
from shared.migrations import run_env

run_env(Record.metadata)
