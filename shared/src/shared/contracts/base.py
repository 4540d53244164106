"""The base of every shape that crosses a service boundary."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """Immutable; unknown fields are ignored, so that a field may be added before every reader knows it."""

    model_config = ConfigDict(frozen=True, extra="ignore")
