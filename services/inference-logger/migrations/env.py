"""Alembic environment of the inference-logger."""

from inference_logger.store.tables import LoggerRow
from shared.migrations import run_env

run_env(LoggerRow.metadata)
