"""Builds of environments: their code is a publisher's, and writes nowhere but to the build's own folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scheduler.backends.confinement.availability import Confinement, open_parent_folders
from scheduler.backends.confinement.rules import confined_command
from scheduler.backends.confinement.users import reclaim_folder

OWN_FOLDERS = {"HOME": "home", "TMPDIR": "tmp", "UV_CACHE_DIR": "cache", "XDG_CACHE_HOME": "home/.cache"}


@dataclass(frozen=True)
class ConfinedBuild:
    """One build in a folder. Its cache is its own: what it writes there is read by no other build."""

    confinement: Confinement
    folder: Path

    def command(
        self, python: Path, command: Sequence[str], environment: Mapping[str, str], writes: Sequence[Path]
    ) -> list[str]:
        """The command that runs `command` confined; `python` is the environment's, `writes` folders of the build."""
        rules = self.confinement.rules
        if rules is None:
            return list(command)
        own = [self.folder / name for name in OWN_FOLDERS.values()]
        for each in own:
            each.mkdir(parents=True, exist_ok=True)
        user = self._assign_user([*own, *writes])
        named = [*uv_config(environment).values(), *map(environment.get, ("SSL_CERT_FILE", "SSL_CERT_DIR"))]
        reads = [command[0], str(self.folder), *(each for each in named if each and each.startswith("/"))]
        return confined_command(rules.for_build(python, [*own, *writes], user, reads), command)

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What the command knows: `environment`, with folders of its own."""
        if self.confinement.rules is None:
            return dict(environment)
        own = {name: str(self.folder / under) for name, under in OWN_FOLDERS.items()}
        return {**environment, **own, **uv_config(environment)}

    def reclaim(self) -> None:
        """Nobody but the platform changes from now on what was built."""
        if self.confinement.users is not None:
            reclaim_folder(self.folder)

    def _assign_user(self, folders: Sequence[Path]) -> int | None:
        if self.confinement.rules is None or self.confinement.users is None:
            return None
        user = self.confinement.users.assign(self.folder, folders[0])
        for folder in folders:
            os.chown(folder, user, user)
            for parent, inner, files in os.walk(folder):
                for name in (*inner, *files):
                    os.chown(os.path.join(parent, name), user, user, follow_symlinks=False)
        open_parent_folders(self.confinement.rules, folders[0])
        return user


def uv_config(environment: Mapping[str, str]) -> dict[str, str]:
    """The operator's settings of uv, named, since it looks for them in folders that a confined one cannot read."""
    own = Path(environment.get("XDG_CONFIG_HOME") or f"{environment.get('HOME', '')}/.config") / "uv" / "uv.toml"
    for file in (environment.get("UV_CONFIG_FILE"), str(own), "/etc/uv/uv.toml"):
        if file and os.path.exists(file):
            return {"UV_CONFIG_FILE": file}
    return {"UV_NO_CONFIG": "1"}
