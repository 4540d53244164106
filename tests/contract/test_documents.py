"""What the repository says of itself is there: documents that its files name, code that the glossary names."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs/glossary.md"
SOURCES = (
    *sorted(ROOT.glob("services/*/src")),
    ROOT / "shared/src",
    ROOT / "runtime/src",
    ROOT / "sdk/src",
    ROOT / "spark/src",
)
DOCUMENT = re.compile(r"(?<![\w.*/-])[\w./-]*\w\.md\b")
"""A document's name or path. What follows `//`, a `*` or another path is no name of a file here: URLs, patterns."""
URL = re.compile(r"\w+://\S+")


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def missing(text: str, file: Path, known: set[str]) -> list[str]:
    """Documents that `text`, which stands in `file`, names and that `known` (paths from the root) does not hold."""
    names = {Path(name).name for name in known}
    found = DOCUMENT.findall(URL.sub("", text))
    return [name for name in found if not (is_known(name, file, known) if "/" in name else name in names)]


def is_known(name: str, file: Path, known: set[str]) -> bool:
    """A path counts from its file or from the root; in code also from wherever the text is written to."""
    if file.suffix != ".md" and any(f"/{one}".endswith(f"/{name.replace('../', '')}") for one in known):
        return True
    places = ((ROOT / file).parent / name, ROOT / name)
    return any(place.resolve().is_relative_to(ROOT) and rooted(place) in known for place in places)


def rooted(place: Path) -> str:
    return place.resolve().relative_to(ROOT).as_posix()


def test_no_file_names_a_document_that_is_not_here() -> None:
    files = tracked()
    known = {name for name in files if name.endswith(".md")}
    assert len(known) > 30
    wrong = []
    for name in files:
        try:
            text = (ROOT / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError):  # an archive; a file that was just removed
            continue
        wrong += [f"{name}: {document}" for document in missing(text, Path(name), known)]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see other§", ["other§"]),
        ("see [one](docs/one§) and one§", []),
        ("[one](../docs/one§)", []),
        ("`docs/two§`, ../one§", ["docs/two§", "../one§"]),
        ("https://example.com/two§ and git+ssh://host/a/two§", []),
        ("`**/*§`", []),
    ],
)
def test_a_missing_document_is_found(text: str, expected: list[str]) -> None:
    """`§` stands for the suffix: this file too is searched for names of documents."""
    text, file, document = (each.replace("§", ".md") for each in (text, "services/README§", "docs/one§"))
    assert missing(text, Path(file), {document}) == [name.replace("§", ".md") for name in expected]


def glossary_rows() -> list[tuple[str, str, str]]:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", GLOSSARY.read_text(), re.MULTILINE)
    return [(term.strip(), meaning.strip(), place.strip()) for term, meaning, place in rows if term.strip("- ")][1:]


def is_there(dotted: str) -> bool:
    """Whether a module, package, or a class, function or constant of a module is in the sources."""
    module, _, name = dotted.rpartition(".")
    for root in SOURCES:
        place = root / dotted.replace(".", "/")
        if place.with_suffix(".py").is_file() or (place / "__init__.py").is_file():
            return True
        for file in (
            (root / module.replace(".", "/")).with_suffix(".py"),
            root / module.replace(".", "/") / "__init__.py",
        ):
            if module and file.is_file() and name in defined(file):
                return True
    return False


def defined(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def test_the_glossary_names_code_that_is_there() -> None:
    rows = glossary_rows()
    assert len(rows) > 25
    places = {term: re.findall(r"`([\w.]+)`", place) for term, _, place in rows}
    assert [term for term, names in places.items() if not names] == []
    assert [f"{term}: {name}" for term, names in places.items() for name in names if not is_there(name)] == []


def test_the_glossary_is_in_order_and_says_each_term_once() -> None:
    terms = [term.lower() for term, _, _ in glossary_rows()]
    assert terms == sorted(set(terms))


def test_code_that_is_not_there_is_found() -> None:
    assert is_there("shared.bus.outbox")
    assert is_there("shared.bus")
    assert is_there("shared.bus.outbox.OutboxRelay")
    assert not is_there("shared.bus.outbox.Nobody")
    assert not is_there("shared.nobody")
