"""What the cluster's administrator does: with kubectl, and the kubeconfig that was given."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.children import BenchmarkFailed

TIMEOUT_S = 600
FROM_ANY_VERSION = "/api/v1/nodes?watch=true&resourceVersion=0&allowWatchBookmarks=true&timeoutSeconds=1"
"""A watch as kwok asks for it."""
INOTIFY, WATCHES = Path("/proc/sys/fs/inotify/max_user_instances"), 1_024


class Kubectl:
    """Of one cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """What it prints; Failed with its last words."""
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *arguments]
        try:
            done = subprocess.run(  # noqa: S603
                command, input=stdin, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BenchmarkFailed(f"kubectl {' '.join(arguments[:3])}: {error}") from None
        if done.returncode:
            raise BenchmarkFailed(f"kubectl {' '.join(arguments[:3])}: {done.stderr.strip()[-300:]}")
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """The same as JSON."""
        return json.loads(self.run(*arguments, "-o", "json"))

    def apply(self, objects: Sequence[dict[str, Any]]) -> None:
        """Make objects."""
        self.run("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def own_address(self) -> str:
        """The address of this machine that the API server reaches it at."""
        shown = self.json("config", "view", "--minify", "--raw")
        server = urlsplit(shown["clusters"][0]["cluster"]["server"])
        with socket.create_connection((server.hostname or "", server.port or 443), 5) as connection:
            return str(connection.getsockname()[0])

    @contextmanager
    def namespace(self, name: str) -> Iterator[str]:
        """A namespace of one's own; it takes all that is in it with it, and is waited for."""
        self.run("create", "namespace", name)
        try:
            yield name
        finally:
            self.run("delete", "namespace", name, "--wait=true", f"--timeout={TIMEOUT_S - 10}s")


def why_not(kubeconfig: Path | None, kwok: Path | None) -> str | None:
    """Why nothing can be measured; None: it can."""
    if kubeconfig is None or kwok is None:
        return "needs a cluster and kwok: --kubeconfig FILE (of its administrator), --kwok PROGRAM"
    missing = [str(each) for each in (kubeconfig, kwok) if not each.is_file()]
    if missing:
        return f"there is no {', no '.join(missing)}"
    if int(INOTIFY.read_text()) < WATCHES:
        return f"{INOTIFY} has to be {WATCHES} at least: kwok needs one for each log that is followed"
    if os.geteuid() != 0:
        return "it gives this machine the addresses of pods, which root may"
    try:
        Kubectl(kubeconfig).run("get", "--raw", "/readyz")
        return why_not_watched(Kubectl(kubeconfig).run("get", "--raw", FROM_ANY_VERSION))
    except BenchmarkFailed as failed:
        return f"no cluster answers: {failed}"


def why_not_watched(answer: str) -> str | None:
    """Why kwok could not watch, by the server's answer to `FROM_ANY_VERSION`; None: it can.

    Where it cannot, it lists instead, up to a minute apart: pods are ready that late, and nodes are taken for dead.
    """
    event = json.loads(answer.partition("\n")[0] or "{}")
    if event.get("type") != "ERROR":
        return None
    said = event["object"].get("message")
    return f"kwok cannot watch this API server ({said}): etcd has to be 3.4.31, 3.5.13 or newer, or WatchList=false"
