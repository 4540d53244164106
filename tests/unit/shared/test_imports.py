"""What a process does without, it does not load: a router has neither database nor handlers."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "sqlalchemy",
    "sqlmodel",
    "faststream",
    "fastapi",
    "alembic",
    "psycopg",
    "uvicorn",
    "opentelemetry.exporter",
    "aiohttp",
)


@pytest.mark.parametrize("module", ["shared.bus", "shared.telemetry", "shared.app"])
def test_a_router_loads_no_database_and_no_framework(module: str) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert [name for name in HEAVY if name in loaded] == []
