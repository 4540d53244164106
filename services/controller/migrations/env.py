"""Alembic environment of the controller."""

from controller.store.tables import ControllerTable
from shared.migrations import run_env

run_env(ControllerTable.metadata)
