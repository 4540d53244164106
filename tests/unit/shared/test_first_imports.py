"""What is left out of large packages is left out by each service: its first imports come before all others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[3] / "services"
ENTRY_POINTS = sorted(SERVICES.glob("*/src/*/__main__.py")) + sorted(SERVICES.glob("router/src/*/shipper/__main__.py"))


@pytest.mark.parametrize("path", ENTRY_POINTS, ids=lambda path: str(path.parent.relative_to(SERVICES)))
def test_the_first_import_of_an_entry_point_is_the_lean_one(path: Path) -> None:
    first = next(
        name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
        if name.partition(".")[0] in {"shared", "nats", "httpx", path.parents[1].name, path.parent.name}
    )
    assert first.startswith("shared.imports.")


def test_there_is_one_for_each_service_and_the_shipper() -> None:
    assert len(ENTRY_POINTS) == 6
