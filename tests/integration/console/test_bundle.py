"""The console's sources: linted, typed, tested with the pinned Node, and what makes the committed bundle."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from browser.node import CONSOLE, install_packages, tool


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    install_packages()


def test_sources_are_linted_and_typed() -> None:
    tool("biome", "check", "--error-on-warnings", ".")
    tool("tsc", "--noEmit")


def test_units() -> None:
    tool("vitest", "run")


def test_types_are_those_of_the_openapi_document(tmp_path: Path) -> None:
    made = tmp_path / "schema.d.ts"
    tool("openapi-typescript", "../docs/openapi.json", "-o", str(made), "--alphabetize")
    committed = CONSOLE / "src/api/schema.d.ts"
    assert made.read_text() == committed.read_text(), "run `npm run types` in console/"


def test_the_committed_bundle_is_what_the_sources_make(tmp_path: Path) -> None:
    tool("vite", "build", "--outDir", str(tmp_path / "dist"), "--emptyOutDir", "--logLevel", "error")
    made, committed = contents(tmp_path / "dist"), contents(CONSOLE / "dist")
    assert committed, "no bundle is committed; run `npm run build` in console/"
    assert sorted(made) == sorted(committed)
    assert [name for name in made if made[name] != committed[name]] == []


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of each file, by its path in the folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
