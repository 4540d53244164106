"""The pictures of rooms in the READMEs are drawn from the imports, and a circle between rooms is refused."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("structure", ROOT / "deploy/structure.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["structure"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose door imports its store, which imports its rules."""
    source = tmp_path / "toy_house"
    files = {
        "__init__.py": "",
        "door.py": "from toy_house.store import rows\nfrom toy_house.rules import check\n",
        "store/__init__.py": "",
        "store/rows.py": "from toy_house.rules import check\nfrom toy_house.store import tables\n",
        "store/tables.py": "SIZE = 1\n",
        "rules.py": "def check() -> None:\n    pass\n",
    }
    for name, text in files.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    return source


def test_rooms_are_folders_and_single_files_with_their_lines(drawing: ModuleType, package: Path) -> None:
    structure = drawing.read_structure("toy_house", package)

    assert structure.lines == {"door": 2, "store": 3, "rules": 2}
    assert structure.imports == {"door": {"store", "rules"}, "store": {"rules"}, "rules": set()}


def test_an_arrow_that_follows_from_others_is_left_out(drawing: ModuleType, package: Path) -> None:
    picture = drawing.render(drawing.read_structure("toy_house", package))

    assert "r_door --> r_store" in picture
    assert "r_store --> r_rules" in picture
    assert "r_door --> r_rules" not in picture


def test_two_rooms_that_import_each_other_are_found(drawing: ModuleType, package: Path) -> None:
    assert drawing.find_cycle(drawing.read_structure("toy_house", package)) == []
    (package / "rules.py").write_text("def check() -> None:\n    from toy_house.store import tables\n")

    assert {"rules", "store"} <= set(drawing.find_cycle(drawing.read_structure("toy_house", package)))


def test_a_picture_replaces_the_one_before(drawing: ModuleType) -> None:
    first = drawing.with_picture("# House\n", f"{drawing.BEGIN}\none\n{drawing.END}")
    second = drawing.with_picture(first + "\nmore\n", f"{drawing.BEGIN}\ntwo\n{drawing.END}")

    assert "one" in first
    assert "one" not in second
    assert "two" in second
    assert second.endswith("more\n")


def test_files_beside_folders_are_rooms_of_their_own(drawing: ModuleType, package: Path) -> None:
    (package / "store" / "cache").mkdir()
    (package / "store" / "cache" / "__init__.py").write_text("")
    (package / "store" / "cache" / "memory.py").write_text("from toy_house.store.tables import SIZE\n")

    structure = drawing.read_structure("toy_house", package)

    assert structure.lines.keys() == {"door", "rules", "store.rows", "store.tables", "store.cache"}
    assert drawing.find_cycle(structure) == []
