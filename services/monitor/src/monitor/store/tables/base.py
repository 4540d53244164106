"""What every table of the monitor is made of."""

from __future__ import annotations

from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class MonitorRow(SQLModel, registry=registry()):
    """Base of the monitor's tables, on metadata of their own."""
