"""Lines of a requirements file, read as pip reads them (pip's "Requirements File Format"); nothing is handed through.

A line is a requirement by name (`numpy==2.0`, `name @ URL`), one by its place alone (`./code/x.whl`, `git+https://…`),
or an option (`--index-url …`). What is none of these is refused with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from shared.security.redaction import redact_credentials

ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")
INCLUDES, CONSTRAINTS, EDITABLE = "--requirement", "--constraint", "--editable"
INDEXES = frozenset({"--index-url", "--extra-index-url", "--find-links"})
BINARIES = frozenset({"--no-binary", "--only-binary"})
_WITH_VALUE = INDEXES | BINARIES | {INCLUDES, CONSTRAINTS, EDITABLE, "--trusted-host", "--use-feature"}
_WITHOUT_VALUE = frozenset({"--no-index", "--pre", "--prefer-binary", "--require-hashes"})
_SHORT = {"-r": INCLUDES, "-c": CONSTRAINTS, "-e": EDITABLE, "-i": "--index-url", "-f": "--find-links"}
_OLD_NAMES = {"--pypi-url": "--index-url"}
_OWN_OPTION = re.compile(r"\s+--(?P<name>[a-z-]+)(?:=|\s+)(?P<value>\"[^\"]*\"|'[^']*'|\S+)")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
_EXTRAS = re.compile(r"^(?P<place>[^\[\]]+)\[(?P<extras>[^\[\]]*)\]$")


@dataclass(frozen=True)
class UnreadableRequirements(Exception):
    """A line, or a file, that cannot be read; `message` shows no credentials."""

    message: str


@dataclass(frozen=True)
class RequirementOption:
    """`--index-url …` and the like, by its long name."""

    name: str
    value: str = ""

    @property
    def text(self) -> str:
        """As a line."""
        return f"{self.name} {self.value}".strip()


@dataclass(frozen=True)
class PackageRequirement:
    """A package: by `name`, at a `place` (an address or a path as written), or both (`name @ place`)."""

    name: str = ""
    specifier: str = ""
    place: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""
    hashes: tuple[str, ...] = ()
    is_editable: bool = False
    written: str = ""
    """The line as it was written without its options, credentials included."""
    digest: str = ""
    """Of the content, where the place is a file or folder that was found."""

    @property
    def shown(self) -> str:
        """The line for people to see."""
        return redact_credentials(f"-e {self.written}" if self.is_editable else self.written)

    @property
    def text(self) -> str:
        """The line for an installer. A path in it is as written: see `at`."""
        return " ".join([self.written, *(f"--hash={each}" for each in self.hashes)])

    def at(self, place: str) -> str:
        """The line for an installer with another place than the written one."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        line = f"{self.name}{extras} @ {place}" if self.name else f"{place}{extras}"
        marked = f"{line} ; {self.marker}" if self.marker else line
        return " ".join([marked, *(f"--hash={each}" for each in self.hashes)])

    @property
    def identity(self) -> str:
        """What makes it another one: the line, or the content of what it names."""
        return f"{self.text} {self.digest}" if self.digest else self.text

    @property
    def is_address(self) -> bool:
        """Whether the place is a URL, rather than a path."""
        return bool(_ADDRESS.match(self.place)) and not self.place.lower().startswith("file:")


RequirementLine = RequirementOption | PackageRequirement


def read_lines(text: str) -> Iterator[RequirementLine]:
    """Every line that says something. Raises `UnreadableRequirements`."""
    for line in logical_lines(text):
        yield read_line(line)


def logical_lines(text: str) -> tuple[str, ...]:
    """Without comments and blanks; continued lines are joined."""
    joined = re.sub(r"\\\r?\n", " ", text)
    stripped = (_COMMENT.sub("", line).strip() for line in joined.splitlines())
    return tuple(line for line in stripped if line)


def read_line(line: str) -> RequirementLine:
    """One logical line. Raises `UnreadableRequirements`."""
    if line.startswith("-"):
        option = _option(line)
        return _at_place(option.value, is_editable=True) if option.name == EDITABLE else option
    rest, hashes = _own_options(line)
    if _is_archive(rest):
        return _at_place(rest, hashes=hashes)
    try:
        found = Requirement(rest)
    except InvalidRequirement as wrong:
        if not _is_place(rest):
            raise UnreadableRequirements(f"`{redact_credentials(line)}` is no requirement: {_reason(wrong)}") from None
        return _at_place(rest, hashes=hashes)
    return PackageRequirement(
        canonicalize_name(found.name),
        str(found.specifier),
        found.url or "",
        tuple(sorted(found.extras)),
        str(found.marker or ""),
        hashes,
        written=rest,
    )


def _reason(wrong: InvalidRequirement) -> str:
    """The first line of the parser's: the rest repeats the text."""
    return str(wrong).splitlines()[0][:200]


def _option(line: str) -> RequirementOption:
    name, _, value = line.partition(" ") if not line.startswith("--") else _long(line)
    if not line.startswith("--") and name[:2] in _SHORT:
        name, value = _SHORT[name[:2]], f"{name[2:].removeprefix('=')} {value}"
    name, value = _OLD_NAMES.get(name, name), value.strip().strip("\"'")
    if name in _WITHOUT_VALUE and not value:
        return RequirementOption(name)
    if name in _WITH_VALUE and value:
        return RequirementOption(name, value)
    raise UnreadableRequirements(f"`{redact_credentials(line)}` is an option that no requirements file has")


def _long(line: str) -> tuple[str, str, str]:
    found = re.match(r"(--[a-z-]+)(?:[=\s]\s*(.*))?$", line)
    return (found[1], " ", found[2] or "") if found else (line, "", "")


def _own_options(line: str) -> tuple[str, tuple[str, ...]]:
    """The line without its options (`--hash=…`), and the hashes; others, such as `--config-settings`, are left out."""
    found = list(_OWN_OPTION.finditer(line))
    hashes = tuple(option["value"].strip("\"'") for option in found if option["name"] == "hash")
    return (line[: found[0].start()] if found else line).strip(), hashes


def _is_place(text: str) -> bool:
    """Whether it names a place, as pip decides: it has a `/`, or begins with a dot."""
    place = _place_in(text)
    return bool(_ADDRESS.match(place)) or "/" in place or place.startswith(".")


def _is_archive(text: str) -> bool:
    """Whether it is the name of an archive: `x.whl` would be a package's name too."""
    return "@" not in text and _place_in(text).endswith(ARCHIVES)


def _place_in(text: str) -> str:
    return re.split(r"\s+;|;\s", text)[0].partition("[")[0].strip()


def _at_place(text: str, *, hashes: tuple[str, ...] = (), is_editable: bool = False) -> PackageRequirement:
    if is_editable:
        try:
            found = Requirement(text)
        except InvalidRequirement:
            found = None
        if found is not None and found.url:
            return PackageRequirement(canonicalize_name(found.name), "", found.url, is_editable=True, written=text)
    place, _, marker = re.sub(r"\s+;\s*|;\s+", "\0", text, count=1).partition("\0")
    place = place.strip().strip("\"'")
    extras: tuple[str, ...] = ()
    if with_extras := _EXTRAS.match(place):
        place = with_extras["place"]
        extras = tuple(each.strip() for each in with_extras["extras"].split(",") if each.strip())
    return PackageRequirement("", "", place, extras, marker.strip(), hashes, is_editable, text)
