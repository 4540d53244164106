"""Alembic environment of the controller."""

from controller.store.tables import Record
from shared.migrations import run_env

run_env(Record.metadata)
