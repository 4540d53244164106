"""Builds of environments: their code is a publisher's, and writes nowhere but to the build's own folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scheduler.backends.confinement.availability import Confinement, open_the_way
from scheduler.backends.confinement.rules import confined
from scheduler.backends.confinement.users import take_back

READ_BY_UV = ("/etc/uv", "/etc/pip.conf")
OWN_FOLDERS = {"HOME": "home", "TMPDIR": "tmp", "UV_CACHE_DIR": "cache", "XDG_CACHE_HOME": "home/.cache"}


@dataclass(frozen=True)
class ConfinedBuild:
    """One build in a folder. Its cache is its own: what it writes there is read by no other build."""

    confinement: Confinement
    folder: Path

    def command(self, python: Path, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """The command that runs `command` confined; `python`: that of the environment."""
        rules = self.confinement.rules
        if rules is None:
            return list(command)
        for name in OWN_FOLDERS.values():
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        user = self._give_away()
        certificates = [environment[each] for each in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environment.get(each)]
        reads = [command[0], *READ_BY_UV, *certificates]
        return confined(rules.for_build([python], self.folder, user, reads), command)

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What the command knows: `environment`, with folders of its own."""
        if self.confinement.rules is None:
            return dict(environment)
        return {**environment, **{name: str(self.folder / under) for name, under in OWN_FOLDERS.items()}}

    def take_back(self) -> None:
        """Nobody but the platform changes from now on what was built."""
        if self.confinement.users is not None:
            take_back(self.folder)

    def _give_away(self) -> int | None:
        if self.confinement.rules is None or self.confinement.users is None:
            return None
        user = self.confinement.users.give(self.folder, self.folder)
        for parent, folders, files in os.walk(self.folder):
            for name in (*folders, *files):
                os.chown(os.path.join(parent, name), user, user, follow_symlinks=False)
        open_the_way(self.confinement.rules, self.folder)
        return user
