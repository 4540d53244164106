"""A user of its own for each pod and each build, from a range that an operator sets aside: root can give them away."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from shared.errors import LimitExceeded

LOWEST = 1000


class UserRange:
    """Which number each pod and build has. Nothing is given back: a number is free once its holder's folder is gone."""

    def __init__(self, users: range, chown: Callable[[Path, int, int], None] = os.chown) -> None:
        self.users = users
        self._chown = chown
        self._holders: dict[int, Path] = {}
        self._next = 0

    def adopt(self, pods: Path) -> None:
        """Learn which pods have a number already, by who owns the folders that they work in."""
        for work in pods.glob("*/run-*/work"):
            if (owner := work.stat().st_uid) in self.users:
                self._holders[owner] = work.parents[1]

    def give(self, holder: Path, folder: Path) -> int:
        """The user of `holder` (a pod's folder, a build's); `folder` is made its own, and closed to others.

        Raises LimitExceeded where all are in use.
        """
        user = next((each for each, held in self._holders.items() if held == holder), None) or self._free()
        self._holders[user] = holder
        self._chown(folder, user, user)
        folder.chmod(0o700)
        return user

    def _free(self) -> int:
        """The next one that nobody has. A number comes back as late as can be: what had it may have left traces."""
        for offset in range(len(self.users)):
            user = self.users[(self._next + offset) % len(self.users)]
            if not (held := self._holders.get(user)) or not held.exists():
                self._next = (self._next + offset + 1) % len(self.users)
                return user
        raise LimitExceeded(f"all {len(self.users)} users for pods and builds are in use")


def users_of(text: str) -> range:
    """`56000-57999` as a range; empty text is none. Raises ValueError: system users and root are nobody's to give."""
    if not text.strip():
        return range(0)
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and LOWEST <= int(first) <= int(last)):
        raise ValueError(f"confinement_users: {text} is no range of user numbers from {LOWEST} on, such as 56000-57999")
    return range(int(first), int(last) + 1)


def take_back(folder: Path) -> None:
    """Make all of a finished folder the platform's own, for everybody to read and nobody to change."""
    own = (os.geteuid(), os.getegid())
    for parent, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            path = os.path.join(parent, name)
            os.chown(path, *own, follow_symlinks=False)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode & 0o755 | 0o444)
