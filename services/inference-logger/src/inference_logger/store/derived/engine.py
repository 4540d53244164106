"""Tables of another engine are left alone."""

from __future__ import annotations

from deltalake import DeltaTable

from inference_logger.domain.schema import ENGINE_PROPERTY
from shared.errors import Conflict


def check_engine(table: DeltaTable) -> DeltaTable:
    """The table. Raises `Conflict` where Spark's job has made it: two engines may not write one table."""
    if table.metadata().configuration.get(ENGINE_PROPERTY) is not None:
        raise Conflict("the table was made by a Spark job, and is not written by two engines: move it elsewhere")
    return table
