"""What all tables of the controller share."""

from __future__ import annotations

from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class ControllerTable(SQLModel, registry=registry()):
    """Base of the controller's tables, on metadata of their own."""
