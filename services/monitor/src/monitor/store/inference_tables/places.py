"""Where a table lies and how it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TablePlace:
    """A plain path or `s3://…`, at which version (None: the newest), and the options of its object store."""

    location: str
    version: int | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
