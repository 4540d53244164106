"""A user of its own for each pod and each build, from a range that an operator sets aside: root can give them away."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import LimitExceeded

REGISTRY = Path("/run/penstock-users")


class UserRange:
    """Which number each pod and build has. Nothing is given back: a number is free once its holder's folder is gone.

    Platforms of one machine share `registry`, one link for each number to its holder's folder: two pods with one number
    could reach each other, and the end of one would end the other.
    """

    def __init__(
        self, users: range, registry: Path = REGISTRY, chown: Callable[[Path, int, int], None] = os.chown
    ) -> None:
        self.users = users
        self.registry = registry
        self._chown = chown
        self._known: dict[Path, int] = {}
        self._next = 0

    def adopt(self, pods: Path) -> None:
        """Learn which pods have a number already, by who owns the folders that they work in."""
        for work in pods.glob("*/run-*/work"):
            if (owner := work.stat().st_uid) in self.users:
                with self._locked():
                    self._known[work.parents[1]] = owner
                    self._claim(owner, work.parents[1])

    def assign(self, holder: Path, folder: Path) -> int:
        """The user of `holder` (a pod's folder, a build's); `folder` is made its own, and closed to others.

        Raises LimitExceeded where all are in use.
        """
        self._known = {each: number for each, number in self._known.items() if each.exists()}
        with self._locked():
            known = self._known.get(holder)
            user = known if known is not None and self._claim(known, holder) else self._free(holder)
        self._known[holder] = user
        self._chown(folder, user, user)
        folder.chmod(0o700)
        return user

    def _free(self, holder: Path) -> int:
        """The next one that nobody has. A number comes back as late as can be: what had it may have left traces."""
        for offset in range(len(self.users)):
            place = (self._next + offset) % len(self.users)
            if self._claim(self.users[place], holder):
                self._next = (place + 1) % len(self.users)
                return self.users[place]
        raise LimitExceeded(f"all {len(self.users)} users for pods and builds are in use")

    def _claim(self, user: int, holder: Path) -> bool:
        link = self.registry / str(user)
        if link.is_symlink():
            if os.path.lexists(link.readlink()):
                return link.readlink() == holder
            link.unlink()
        link.symlink_to(holder)
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Against other platforms of this machine; for as long as it takes to look at some links."""
        self.registry.mkdir(exist_ok=True, mode=0o700)
        with (self.registry / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def reclaim_folder(folder: Path) -> None:
    """Make all of a finished folder the platform's own, for everybody to read and nobody to change."""
    own = (os.geteuid(), os.getegid())
    for parent, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            path = os.path.join(parent, name)
            os.chown(path, *own, follow_symlinks=False)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode & 0o755 | 0o444)
