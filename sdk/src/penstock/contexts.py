"""Which control plane the command line talks to, and with which token.

Known ones (contexts) stand in `contexts.json` in the user's configuration folder, which only the user may read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import typer

from penstock.launcher.files import write_private
from penstock.launcher.home import Home, LaunchError
from penstock.launcher.state import running_home


@dataclass(frozen=True)
class Target:
    """A control plane and a token for it."""

    url: str
    token: str = field(repr=False)


@dataclass
class Contexts:
    """The contexts file: targets by name, and which of them is in use."""

    path: Path
    targets: dict[str, Target]
    current: str | None = None

    @classmethod
    def load(cls, path: Path | None = None) -> Contexts:
        """Read the file; an absent one holds nothing."""
        path = path or Path(typer.get_app_dir("penstock")) / "contexts.json"
        try:
            stored = json.loads(path.read_text())
            targets = {name: Target(one["url"], one["token"]) for name, one in stored["contexts"].items()}
            return cls(path, targets, stored.get("current"))
        except FileNotFoundError:
            return cls(path, {})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise LaunchError(f"{path} cannot be read as a contexts file; mend or remove it") from None

    def add(self, name: str, target: Target) -> None:
        """Remember a target, and use it."""
        self.targets[name] = target
        self.current = name

    def use(self, name: str) -> None:
        """Use another one; LaunchError when it is not known."""
        if name not in self.targets:
            raise LaunchError(f"there is no context {name!r}; known: {', '.join(sorted(self.targets)) or 'none'}")
        self.current = name

    def save(self) -> None:
        """Write the file, whole or not at all, readable by its owner alone."""
        known = {name: {"url": one.url, "token": one.token} for name, one in self.targets.items()}
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.path, json.dumps({"current": self.current, "contexts": known}, indent=2) + "\n")


class NotRunning(LaunchError):
    """The platform of this machine is asked for, and does not run."""


def target_of(environ: Mapping[str, str], contexts: Contexts, home: Home) -> Target:
    """PENSTOCK_URL and PENSTOCK_TOKEN (or the file PENSTOCK_TOKEN_FILE), then the context in use, then the platform of
    this machine.

    A token is only ever sent to the address that it was stored for, unless one of these variables says so. The
    platform's own is sent to the address that the platform of `home` runs at, as its state says, never to a port that
    is assumed.
    """
    url, token = environ.get("PENSTOCK_URL") or None, environ.get("PENSTOCK_TOKEN") or _token_in_file(environ)
    known = contexts.targets.get(contexts.current or "")
    running = running_home(home)
    if url is None and known is None and running is None:
        raise NotRunning(
            f"the platform in {home.path} does not run: is it up? `./penstock up --detach` starts it; "
            "for one elsewhere: `penstock login ADDRESS`"
        )
    if url is None:
        url = known.url if known else (running or home).api_url
    token = token or _stored_token(url, known, running)
    if token is None:
        raise LaunchError(f"no token for {url}: `penstock login {url}`, or set PENSTOCK_TOKEN")
    return Target(url, token)


def _token_in_file(environ: Mapping[str, str]) -> str | None:
    name = environ.get("PENSTOCK_TOKEN_FILE")
    if not name:
        return None
    try:
        return Path(name).read_text().strip() or None
    except OSError as error:
        raise LaunchError(f"PENSTOCK_TOKEN_FILE {name} cannot be read: {error.strerror}") from None


def _stored_token(url: str, known: Target | None, running: Home | None) -> str | None:
    if known and known.url.rstrip("/") == url.rstrip("/"):
        return known.token
    if running is not None and url.rstrip("/") == running.api_url:
        try:
            return running.admin_token.read_text().strip()
        except OSError:
            return None
    return None
