"""The parts of a filter: its tokens, and the tree that they make. No I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from shared.errors import Detail, InvalidInput

MAX_LENGTH = 4096
SHOWN = 24
"""Characters of the filter that an error quotes."""

Value = str | int | float | bool | date
"""Of a filter as it is written; dates and times once it is bound to columns."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")+"|`(?:[^`]|``)+`)
      | (?P<name>[^\W\d]\w*)
      | (?P<operator><=|>=|<>|!=|==|=|<|>)
      | (?P<mark>[(),])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A piece of a filter. `kind`: number, text, quoted, name, operator, mark or end."""

    kind: str
    text: str
    at: int

    def is_word(self, word: str) -> bool:
        """Whether it is this keyword, in any case."""
        return self.kind == "name" and self.text.lower() == word


@dataclass(frozen=True)
class Literal:
    """A value, and where it stands."""

    value: Value
    at: int


@dataclass(frozen=True)
class Comparison:
    """`column operator value`; operators are =, !=, <, <=, >, >=, like, ilike and contains."""

    column: str
    operator: str
    value: Literal
    at: int


@dataclass(frozen=True)
class InList:
    """`column in (…)`."""

    column: str
    values: tuple[Literal, ...]
    at: int


@dataclass(frozen=True)
class IsNull:
    """`column is null`."""

    column: str
    at: int


@dataclass(frozen=True)
class Not:
    """The opposite; what is not known stays so."""

    operand: Node


@dataclass(frozen=True)
class Both:
    """`and`."""

    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    """`or`."""

    operands: tuple[Node, ...]


Node = Comparison | InList | IsNull | Not | Both | Either


def refuse(at: int, why: str) -> NoReturn:
    """Raise the error that says what is wrong with a filter, and where: characters are counted from 1."""
    raise InvalidInput(f"where, at character {at + 1}: {why}", (Detail(("query", "where", at + 1), why),))


def tokens_of(text: str) -> Sequence[Token]:
    """Its tokens, an `end` last. Raises `InvalidInput`."""
    if len(text) > MAX_LENGTH:
        refuse(MAX_LENGTH, f"longer than {MAX_LENGTH} characters")
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            refuse(at, _unreadable(text[at:]))
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(Token(kind, match[0], at))
        at = match.end()
    return [*found, Token("end", "", len(text))]


def _unreadable(rest: str) -> str:
    if rest[0] in "'\"`":
        return f"{rest[0]} is opened and never closed"
    return f"{rest[:SHOWN]!r} is no part of a filter"
