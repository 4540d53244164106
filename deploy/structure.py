"""Draws the rooms of each package and the imports between them into its README: `python deploy/structure.py`.

A room is a folder without folders of its own; a file that stands beside folders is a room by itself. An arrow means
"imports"; one that follows from two others is left out.

`--check` compares what is committed with the code, and refuses rooms that import each other in a circle.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
READMES = {
    "controller": "services/controller/README.md",
    "scheduler": "services/scheduler/README.md",
    "router": "services/router/README.md",
    "monitor": "services/monitor/README.md",
    "inference_logger": "services/inference-logger/README.md",
    "penstock_runtime": "runtime/README.md",
    "shared": "shared/README.md",
    "penstock": "sdk/README.md",
    "penstock_spark": "spark/README.md",
}
BEGIN = "<!-- rooms: drawn by deploy/structure.py -->"
END = "<!-- end of rooms -->"


@dataclass(frozen=True)
class Structure:
    """Rooms of one package by dotted name (relative to it), with their lines of code, and what each imports."""

    package: str
    lines: dict[str, int]
    imports: dict[str, set[str]]


def read_structure(package: str, source: Path) -> Structure:
    """The rooms of the package in the folder `source`, from its modules' imports."""
    graph = grimp.build_graph(package, include_external_packages=False, cache_dir=None)
    folders = {module for module in graph.modules if source.joinpath(*module.split(".")[1:]).is_dir()}
    divided = {package} | {folder.rpartition(".")[0] for folder in folders}
    rooms: dict[str, str] = {}
    lines: dict[str, int] = {}
    for module in graph.modules - divided:
        path = source.joinpath(*module.split(".")[1:])
        is_package = module in folders
        parent = module.rpartition(".")[0]
        room = (module if is_package or parent in divided else parent).partition(".")[2]
        rooms[module] = room
        text = (path / "__init__.py" if is_package else path.with_suffix(".py")).read_text()
        lines[room] = lines.get(room, 0) + text.count("\n")
    imports: dict[str, set[str]] = {room: set() for room in lines}
    for module, room in rooms.items():
        imports[room] |= {rooms[other] for other in graph.find_modules_directly_imported_by(module) if other in rooms}
        imports[room].discard(room)
    return Structure(package, lines, imports)


def find_cycle(structure: Structure) -> list[str]:
    """Rooms that import each other in a circle; empty if there is none."""
    try:
        TopologicalSorter(structure.imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def reduce_transitively(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """The arrows without those that follow from others (of a graph without circles)."""
    reached: dict[str, set[str]] = {}
    for room in TopologicalSorter(imports).static_order():
        reached[room] = set(imports[room]).union(*(reached[other] for other in imports[room]))
    return {
        room: {other for other in targets if not any(other in reached[through] for through in targets)}
        for room, targets in imports.items()
    }


def render(structure: Structure) -> str:
    """The Mermaid flow chart, between its two marks."""
    return "\n".join([BEGIN, "```mermaid", "flowchart TD", *_nodes(structure), *_arrows(structure), "```", END])


def _nodes(structure: Structure) -> Iterator[str]:
    for floor, rooms in _floors(structure).items():
        if len(rooms) > 1:
            yield f'  subgraph {_id(floor)}_floor["{floor}"]'
        for room in rooms:
            yield f'    {_id(room)}["{_title(room)}<br/>{structure.lines[room]} lines"]'
        if len(rooms) > 1:
            yield "  end"


def _arrows(structure: Structure) -> Iterator[str]:
    for room, targets in sorted(reduce_transitively(structure.imports).items()):
        for target in sorted(targets):
            yield f"  {_id(room)} --> {_id(target)}"


def _floors(structure: Structure) -> dict[str, list[str]]:
    floors: dict[str, list[str]] = {}
    for room in sorted(structure.lines):
        floors.setdefault(room.partition(".")[0], []).append(room)
    return floors


def _id(room: str) -> str:
    return "r_" + room.replace(".", "__")


def _title(room: str) -> str:
    return room.replace("__main__", "\\_\\_main\\_\\_").replace(".", "/")


def with_picture(text: str, picture: str) -> str:
    """A README's text with its picture replaced, or appended below a heading of its own."""
    marked = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    if marked.search(text):
        return marked.sub(lambda _: picture, text)
    return f"{text.rstrip()}\n\n## Rooms\n\nLines of code, and who imports whom.\n\n{picture}\n"


def problems(*, check: bool) -> Iterator[str]:
    """What is wrong, a line each; without `check` the READMEs are written."""
    for package, readme in READMES.items():
        structure = read_structure(package, ROOT / Path(readme).parent / "src" / package)
        if cycle := find_cycle(structure):
            yield f"{package}: rooms import each other in a circle: {' -> '.join(cycle)}"
            continue
        path = ROOT / readme
        before = path.read_text() if path.exists() else f"# {package}\n"
        after = with_picture(before, render(structure))
        if not check:
            path.write_text(after)
        elif after != before:
            yield f"{readme} does not show the rooms as they are; run `python deploy/structure.py`"


def main(arguments: list[str]) -> int:
    """Write, or compare."""
    found = list(problems(check="--check" in arguments))
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
