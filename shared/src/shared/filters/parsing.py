"""The filter language of tables: `alcohol > 9 and (version in ('v1', 'v2') or error is not null)`.

Comparisons of a column with values, joined by and, or, not. There are no functions, no columns beside columns, no
subqueries: a filter can only ever choose among the rows of the one table. A parser by recursive descent, bounded in
length, depth and number of comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.filters.syntax import (
    Both,
    Comparison,
    Either,
    InList,
    IsNull,
    Literal,
    Node,
    Not,
    Token,
    Value,
    refuse,
    tokens_of,
)

MAX_DEPTH = 32
MAX_VALUES = 1000
"""Values of a filter, those of `in` lists included."""
KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "like", "ilike", "contains", "between", "true", "false"})
OPERATORS = {"==": "=", "<>": "!="}
LARGEST = 2**63
PATTERNS = ("like", "ilike", "contains")


def parse_filter(text: str) -> Node:
    """The filter as a tree. Raises `InvalidInput` that names the place."""
    parser = _Parser(tokens_of(text))
    node = parser.either(0)
    if parser.next.kind != "end":
        refuse(parser.next.at, f"{_named(parser.next)} comes after the end of the condition; expected and, or")
    return node


def columns_of(node: Node) -> frozenset[str]:
    """The columns that it reads."""
    match node:
        case Not(operand):
            return columns_of(operand)
        case Both(operands) | Either(operands):
            return frozenset[str]().union(*map(columns_of, operands))
        case _:
            return frozenset({node.column})


def _named(token: Token) -> str:
    return "the end" if token.kind == "end" else repr(token.text[:24])


@dataclass
class _Parser:
    tokens: Sequence[Token]
    place: int = 0
    values: int = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.next
        self.place += 1
        return token

    def took(self, word: str) -> bool:
        """Whether the next token is this keyword or mark; it is taken then."""
        is_it = self.next.is_word(word) or (self.next.kind == "mark" and self.next.text == word)
        self.place += is_it
        return is_it

    def expect(self, word: str, where: str) -> None:
        if not self.took(word):
            refuse(self.next.at, f"expected {word!r} {where}, found {_named(self.next)}")

    def either(self, depth: int) -> Node:
        found = self.joined("or", self.both, depth)
        return found[0] if len(found) == 1 else Either(tuple(found))

    def both(self, depth: int) -> Node:
        found = self.joined("and", self.negated, depth)
        return found[0] if len(found) == 1 else Both(tuple(found))

    def joined(self, word: str, part: Callable[[int], Node], depth: int) -> list[Node]:
        found = [part(depth)]
        while self.took(word):
            found.append(part(depth))
        return found

    def negated(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            refuse(self.next.at, f"nested more than {MAX_DEPTH} deep")
        if self.took("not"):
            return Not(self.negated(depth + 1))
        if self.took("("):
            node = self.either(depth + 1)
            self.expect(")", "at the end of the group")
            return node
        return self.predicate()

    def predicate(self) -> Node:
        at, column = self.next.at, self.column()
        if self.next.kind == "operator":
            operator = self.take().text
            return Comparison(column, OPERATORS.get(operator, operator), self.value(), at)
        if self.took("is"):
            is_not = self.took("not")
            self.expect("null", "after 'is'")
            return Not(IsNull(column, at)) if is_not else IsNull(column, at)
        is_not = self.took("not")
        node = self.worded(column, at)
        return Not(node) if is_not else node

    def worded(self, column: str, at: int) -> Node:
        for word in PATTERNS:
            if self.took(word):
                return Comparison(column, word, self.value(), at)
        if self.took("in"):
            return self.in_list(column, at)
        if self.took("between"):
            low = Comparison(column, ">=", self.value(), at)
            self.expect("and", "between the two values")
            return Both((low, Comparison(column, "<=", self.value(), at)))
        if self.next.kind == "mark" and self.next.text == "(":
            refuse(at, f"{column!r} is used as a function; there are none, only columns")
        refuse(
            self.next.at,
            f"expected a comparison after {column!r} (=, !=, <, <=, >, >=, in, between, like, ilike, contains, "
            f"is null), found {_named(self.next)}",
        )

    def in_list(self, column: str, at: int) -> Node:
        self.expect("(", "after 'in'")
        values = [self.value()]
        while self.took(","):
            values.append(self.value())
        self.expect(")", "after the values")
        return InList(column, tuple(values), at)

    def column(self) -> str:
        token = self.take()
        if token.kind == "quoted":
            quote = token.text[0]
            return token.text[1:-1].replace(quote * 2, quote)
        if token.kind != "name" or token.text.lower() in KEYWORDS:
            refuse(token.at, f"expected a column, found {_named(token)}")
        return token.text

    def value(self) -> Literal:
        token = self.take()
        self.values += 1
        if self.values > MAX_VALUES:
            refuse(token.at, f"more than {MAX_VALUES} values")
        return Literal(_value_of(token), token.at)


def _value_of(token: Token) -> Value:
    if token.kind == "text":
        return token.text[1:-1].replace("''", "'")
    if token.kind == "number":
        number = int(token.text) if token.text.lstrip("-").isdigit() else float(token.text)
        return number if -LARGEST <= number < LARGEST else float(token.text)  # no column holds such integers
    if token.is_word("true") or token.is_word("false"):
        return token.is_word("true")
    if token.is_word("null"):
        refuse(token.at, "nothing equals null; use 'is null' or 'is not null'")
    refuse(token.at, f"expected a number, a text in '…', true or false, found {_named(token)}")
