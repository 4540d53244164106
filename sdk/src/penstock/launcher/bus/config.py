"""NATS for one platform: its configuration file, and the passwords of its users, made at first start."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.launcher.bus.rights import SERVICES, SUBSCRIBER, SUPERVISOR, of_service, of_subscriber, of_supervisor
from penstock.launcher.files import read_object, write_private
from penstock.launcher.home import Home

USERS = (*SERVICES, SUBSCRIBER, SUPERVISOR)
MAX_PAYLOAD = 8 * 1024 * 1024
MAX_STORE = 64 * 1024**3
"""Ceiling over all streams, bytes; each stream has its own, far lower."""


@dataclass(frozen=True)
class Credentials:
    """User → password. Made once; a platform keeps its passwords over restarts."""

    passwords: dict[str, str] = field(repr=False)

    @classmethod
    def load_or_make(cls, path: Path) -> Credentials:
        """Read `path`; users that it lacks get a password, and the file is written again.

        A file that cannot be read is set aside: everybody gets a new password, the read-only subscriber too.
        """
        known = {user: given for user, given in (read_object(path) or {}).items() if isinstance(given, str)}
        passwords = {user: known.get(user) or secrets.token_urlsafe(32) for user in USERS}
        if passwords != known:
            write_private(path, json.dumps(passwords, indent=2))
        return cls(passwords)

    def url(self, user: str, address: str) -> str:
        """`nats://user:password@host:port`; passwords are URL-safe."""
        return f"nats://{user}:{self.passwords[user]}@{address}"


def render(listen: str, store: str, credentials: Credentials) -> str:
    """The server's configuration file."""
    return as_text({"listen": listen, "server_name": "penstock", **server_settings(store, credentials.passwords)})


def server_settings(store: str, passwords: Mapping[str, str]) -> dict[str, Any]:
    """What every server of the bus is set to, wherever it listens."""
    users = [
        {
            "user": user,
            "password": password,
            "permissions": (of_subscriber() if user == SUBSCRIBER else of_service(user)).rendered(),
        }
        for user, password in passwords.items()
        if user != SUPERVISOR
    ]
    supervisor = {"user": SUPERVISOR, "password": passwords[SUPERVISOR], "permissions": of_supervisor().rendered()}
    return {
        "max_payload": MAX_PAYLOAD,
        "max_pending": 4 * MAX_PAYLOAD,
        # An acknowledged message is on disk: by default it would only be there two minutes later.
        "jetstream": {"store_dir": store, "sync_interval": "always", "max_file_store": MAX_STORE},
        "authorization": {"users": users},
        # The server's own account: it answers how the server is, and knows nothing of streams' content.
        "accounts": {"$SYS": {"users": [supervisor]}},
        "lame_duck_duration": "30s",
    }


def as_text(settings: Mapping[str, Any]) -> str:
    """A configuration file. Values are JSON, which its grammar contains."""
    return "".join(f"{key}: {json.dumps(value, indent=2)}\n" for key, value in settings.items())


def write(home: Home) -> tuple[Path, Credentials]:
    """Write the configuration and the subscriber's address; returns the file and the credentials."""
    credentials = Credentials.load_or_make(home.path / "nats" / "credentials.json")
    address = f"127.0.0.1:{home.ports.nats}"
    path = home.path / "nats" / "nats.conf"
    write_private(path, render(address, str(home.path / "nats" / "store"), credentials))
    write_private(home.path / "nats-subscriber-url", credentials.url(SUBSCRIBER, address) + "\n")
    return path, credentials
