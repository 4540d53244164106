"""The shell blocks of a Markdown page, as a reader would paste them, and what the page says that they print.

A fenced block of language `sh` is split where it shows an output: lines of `# …` directly below a command. Of these
`…` stands for anything, and what follows three spaces and a bracket is a remark. A comment that ends a line of
commands, or that no command stands before, is a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """Commands, and the lines that the page shows as their last ones."""

    commands: str
    shown: tuple[str, ...]

    def shows(self, output: str) -> bool:
        """Whether the output ends with the lines that are shown, `…` being anything."""
        last = output.rstrip("\n").split("\n")[-len(self.shown) :]
        return len(last) == len(self.shown) and all(map(_is_like, last, self.shown))


def blocks(page: Path) -> list[str]:
    """Every `sh` block, in the order written."""
    return BLOCK.findall(page.read_text())


def steps(block: str) -> list[Step]:
    """The block, cut behind each output that it shows."""
    found: list[Step] = []
    commands: list[str] = []
    shown: list[str] = []
    for line in block.splitlines():
        if line.startswith("# ") and commands:
            shown.append(re.sub(r"   \(.*$", "", line[2:]))
            continue
        if shown:
            found.append(Step("\n".join(commands), tuple(shown)))
            commands, shown = [], []
        commands.append(line)
    return [*found, Step("\n".join(commands), tuple(shown))]


def _is_like(line: str, shown: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, shown.split("…"))), line.rstrip()) is not None
