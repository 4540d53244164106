"""Alembic environment of the inference-logger."""

from inference_logger.store.tables import Record
from shared.migrations import run_env

run_env(Record.metadata)
