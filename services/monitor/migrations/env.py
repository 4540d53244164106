"""Alembic environment of the monitor."""

from monitor.store.tables import MonitorRow
from shared.migrations import run_env

run_env(MonitorRow.metadata)
