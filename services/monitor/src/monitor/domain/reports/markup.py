"""HTML as a tree of calls: text is escaped wherever it is put in, and nothing else can be.

Controls and marks that turn the direction of text are shown as escapes: a column's name must not be able to disguise
itself, or what stands beside it.
"""

from __future__ import annotations

import html
import unicodedata

_VOID = frozenset(("meta", "br"))
_SHAPES = frozenset(("line", "rect", "path"))
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_JOINERS = "\u200c\u200d"
"""Some scripts and emoji need them."""


class Html(str):
    """Markup that is safe to put into a page as it is."""

    __slots__ = ()


Child = Html | str | int | float | None


def visible(text: str) -> str:
    """Hidden characters as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in _JOINERS or unicodedata.category(character) not in _HIDDEN
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def escaped(text: object) -> Html:
    """Any text, for content and attributes."""
    return text if isinstance(text, Html) else Html(html.escape(visible(str(text)), quote=True))


def joined(*children: Child) -> Html:
    """One after the other; None is left out."""
    return Html("".join(escaped(child) for child in children if child is not None))


def element(name: str, /, *children: Child, **attributes: object) -> Html:
    """`class_` is `class`, `stroke_width` is `stroke-width`; attributes that are None are left out."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    written = "".join(f' {key}="{escaped(value)}"' for key, value in named.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    if name in _SHAPES:
        return Html(f"<{name}{written}/>")
    return Html(f"<{name}{written}>{joined(*children)}</{name}>")


def shortened(text: object, limit: int = 80) -> str:
    """Cut in the middle, so that both ends can be recognised."""
    whole = str(text)
    if len(whole) <= limit:
        return whole
    return f"{whole[: limit * 2 // 3]}…{whole[-(limit // 3) :]}"
