"""Alembic environment of the scheduler."""

from scheduler.store.tables import SchedulerTable
from shared.migrations import run_env

run_env(SchedulerTable.metadata)
