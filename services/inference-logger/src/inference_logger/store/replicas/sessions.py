"""Transactions of a process that stands still do not hold up the others."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from shared.database import Database

PATIENCE_MS = 5000
"""A replica that stands still within a transaction loses it after so long, and with it the rows that it holds."""


async def bound_sessions(database: Database) -> None:
    """Have PostgreSQL end transactions of a process that stands still, and waits for them."""

    def connected(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for setting in ("idle_in_transaction_session_timeout", "lock_timeout"):
            cursor.execute(f"SET {setting} = {PATIENCE_MS}")
        cursor.close()
        connection.commit()

    event.listen(database.engine.sync_engine, "connect", connected)
    await database.close()  # those that are open by now
