"""Matchers as Alertmanager writes them: `name=value`, `name!=value`, `name=~expression`, `name!~expression`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from penstock.commands.cli.arguments import parse_json

Matchers = Annotated[
    list[str] | None,
    typer.Option("--matcher", help="NAME=VALUE, NAME!=VALUE, NAME=~EXPRESSION or NAME!~EXPRESSION; all must hold."),
]
_MATCHER = re.compile(r"(?P<name>[^=!~]+)(?P<sign>=~|!~|!=|=)(?P<value>.*)\Z", re.DOTALL)


def parse_matchers(texts: Sequence[str] | None) -> list[dict[str, Any]]:
    """As the API has them; a usage error for what is none."""
    found = []
    for text in texts or ():
        parts = _MATCHER.match(text)
        if parts is None:
            raise typer.BadParameter(
                f"{text!r} is not NAME=VALUE, NAME!=VALUE, NAME=~… or NAME!~…", param_hint="--matcher"
            )
        sign = parts["sign"]
        found.append(
            {
                "name": parts["name"].strip(),
                "value": parts["value"],
                "is_regex": "~" in sign,
                "is_equal": not sign.startswith("!"),
            }
        )
    return found


def format_matchers(matchers: Sequence[dict[str, Any]]) -> str:
    """As they are written."""
    signs = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
    return ", ".join(f"{each['name']}{signs[each['is_regex'], each['is_equal']]}{each['value']}" for each in matchers)


def parse_options(texts: Sequence[str] | None) -> dict[str, Any]:
    """`url=https://…` and `port=587` as options: JSON where it is some, else text."""
    found: dict[str, Any] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--option")
        try:
            found[name] = parse_json(value)
        except typer.BadParameter:
            found[name] = value
    return found
