"""`python -m scheduler.backends.kubernetes.supply.prepare`: gets a pod what it needs, before its model server starts.

Runs in the pod's first container, in the same image as the server: fetches the model with the pod's ticket, finds or
builds an environment that satisfies it, by the code that the other backends use, and leaves `model` and `environment`
in the prepared folder. Its last words say why it failed. While the registry is away it waits.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from scheduler.backends.environments.store import EnvironmentStore
from scheduler.backends.errors import PreparationFailed
from scheduler.domain.requirements.sources import SourceRule, own_indexes
from scheduler.domain.restarts import retry_delay_s
from scheduler.domain.start_timeline import ENVIRONMENT_FOUND, ENVIRONMENT_READY
from shared.security.addresses import AddressRule

LAST_WORDS = Path("/dev/termination-log")
TIMEOUT_S = 600.0
NOTE_TIMEOUT_S = 5.0
AWAY = (502, 503, 504)
DIGEST_HEADER = "X-Penstock-Model"


@dataclass(frozen=True)
class Order:
    """What is to be prepared, and where."""

    pod: str
    url: str
    ticket: str
    prepared: Path
    kept: Path | None
    mounts: tuple[int, ...] = ()
    """Of a version that is an image: which of its mounts are to be fetched, by their numbers."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Order:
        """As the pod's template says it."""
        kept = environ.get("PENSTOCK_KEPT")
        return cls(
            pod=environ["PENSTOCK_POD"],
            url=environ["PENSTOCK_SUPPLY_URL"].rstrip("/"),
            ticket=environ["PENSTOCK_TICKET"],
            prepared=Path(environ["PENSTOCK_PREPARED"]),
            kept=Path(kept) if kept else None,
            mounts=tuple(int(number) for number in environ.get("PENSTOCK_MOUNTS", "").split(",") if number),
        )


class Preparing:
    """One preparation."""

    def __init__(self, order: Order, environ: Mapping[str, str]) -> None:
        self.order = order
        self.environ = environ

    async def run(self) -> None:
        """Leave the model and its environment, or the mounts, in the prepared folder. Raises `PreparationFailed`."""
        if self.order.mounts:
            await asyncio.to_thread(self._mounts)
            return
        model = await asyncio.to_thread(self._model)
        python = await self._python(model)
        _link(self.order.prepared / "environment", python.parent.parent)

    # ── the model ────────────────────────────────────────────────────────────────────────────────────────────────

    def _model(self) -> Path:
        place = self.order.prepared / "model"
        if place.exists():  # the pod's container is prepared again, after its node came back
            return place
        with self._asked("GET", f"/model?pod={self.order.pod}") as answer:
            kept = self.order.kept / "models" / answer.headers[DIGEST_HEADER] if self.order.kept else None
            if kept is None:
                _unpack(answer, place)
                return place
            if not kept.exists():
                _unpack(answer, kept)
        _link(place, kept)
        return place

    def _mounts(self) -> None:
        """The files of an image's mounts, each in a folder of its number."""
        for number in self.order.mounts:
            place = self.order.prepared / "mounts" / str(number)
            if not place.exists():
                with self._asked("GET", f"/mounts/{number}?pod={self.order.pod}") as answer:
                    _unpack(answer, place)

    def _asked(self, method: str, path: str, body: bytes | None = None) -> Any:
        """The answer; asked again for as long as the scheduler, or the registry behind it, is away."""
        attempt = 0
        while True:
            try:
                return self._ask(method, path, body, TIMEOUT_S)
            except urllib.error.HTTPError as refused:
                said = _said(refused)
                if refused.code not in AWAY:
                    raise PreparationFailed(said["reason"], said["message"], bool(said["is_permanent"])) from refused
                why = said["message"]
            except OSError as away:
                why = f"the scheduler does not answer at {self.order.url}: {away}"
            attempt += 1
            if attempt == 1:
                self.say(f"waiting: {why}")
            time.sleep(retry_delay_s(attempt))

    def _ask(self, method: str, path: str, body: bytes | None, timeout_s: float) -> Any:
        headers = {"Authorization": f"Bearer {self.order.ticket}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.order.url + path, body, headers, method=method)  # noqa: S310 - set by the scheduler
        return _opener().open(request, timeout=timeout_s)

    # ── the environment ──────────────────────────────────────────────────────────────────────────────────────────

    async def _python(self, model: Path) -> Path:
        store = self._environments()
        plan = await asyncio.to_thread(store.plan, model)
        for line in plan.left_out:
            await self._note("RequirementAdjusted", line[:500], level="warning")
        for warning in plan.comparison.warnings:
            self.say(f"warning: requirement of the model not met, ignored: {warning}")
        if found := store.find(plan):
            await self._note(ENVIRONMENT_FOUND, "an environment that satisfies it was there", is_event=False)
            return found.python
        unmet = ", ".join(plan.comparison.unmet)
        self.say(f"building an environment for the model; not met here: {unmet}")
        await self._note("BuildingEnvironment", f"building an environment; not met by the image's own: {unmet}"[:500])
        started, output = time.monotonic(), Path(self.environ.get("TMPDIR", "/tmp")) / "build.log"  # noqa: S108
        try:
            built = await store.build(plan, output, self.say)
        finally:
            if output.exists():
                sys.stdout.write(output.read_text(errors="replace"))
        seconds = time.monotonic() - started
        self.say(f"environment ready after {seconds:.1f} s")
        await self._note(ENVIRONMENT_READY, f"environment {plan.key} ready after {seconds:.1f} s")
        return built.python

    def _environments(self) -> EnvironmentStore:
        environ = self.environ
        allowed = tuple(part for part in environ.get("PENSTOCK_ALLOWED_INDEXES", "").split(",") if part)
        rule = SourceRule(
            allowed=AddressRule.of(allowed),
            own=own_indexes(environ),
            paths=(),
            is_public_allowed=environ.get("PENSTOCK_PUBLIC_INDEXES", "true") == "true",
        )
        limit_s = float(environ.get("PENSTOCK_BUILD_LIMIT_S", "1200"))
        return EnvironmentStore((self.order.kept or self.order.prepared) / "envs", environ, limit_s=limit_s, rule=rule)

    # ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────

    def say(self, line: str) -> None:
        """A line of the platform's own in the pod's output."""
        print(f"[penstock] {line}", flush=True)

    async def _note(self, reason: str, message: str, *, level: str = "info", is_event: bool = True) -> None:
        """Tell the scheduler; where it is away, its owner reads it in the output."""
        told = {"pod": self.order.pod, "reason": reason, "message": message, "level": level, "is_event": is_event}
        try:
            await asyncio.to_thread(self._ask, "POST", "/notes", json.dumps(told).encode(), NOTE_TIMEOUT_S)
        except OSError as away:
            self.say(f"the scheduler was not told ({away}): {reason}: {message}")


def _opener() -> urllib.request.OpenerDirector:
    """Without proxies: the scheduler is in the same network."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _said(refused: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        found = json.loads(refused.read())
        return {"reason": found["reason"], "message": found["message"], "is_permanent": found["is_permanent"]}
    except (ValueError, KeyError, TypeError, OSError):
        return {"reason": "FetchFailed", "message": f"the scheduler answers {refused.code}", "is_permanent": False}


def _unpack(content: IO[bytes], place: Path) -> None:
    """Unpack an archive aside, and name it when it is whole. Raises `PreparationFailed`."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_name(f".{place.name}.{os.getpid()}.{time.time_ns()}")
    try:
        with tarfile.open(fileobj=content, mode="r|") as archive:
            for entry in archive:
                _unpack_one(archive, entry, aside)
        aside.rename(place)
    except (OSError, tarfile.TarError, EOFError) as error:
        if place.exists():  # another pod's was first
            return
        raise PreparationFailed("FetchFailed", f"the model did not arrive whole: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _unpack_one(archive: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path) -> None:
    """One file or folder, below `folder`. By hand: the filters of `tarfile` came with Python 3.11.4."""
    path = folder / entry.name
    if ".." in Path(entry.name).parts or Path(entry.name).is_absolute() or not (entry.isdir() or entry.isreg()):
        raise PreparationFailed("FetchFailed", f"the model has a file that is none: {entry.name[:200]}")
    if entry.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    source = archive.extractfile(entry)
    assert source is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    with source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    path.chmod(entry.mode & 0o755)


def _link(place: Path, target: Path) -> None:
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def main() -> int:
    """Entry point."""
    preparing = Preparing(Order.of(os.environ), os.environ)
    try:
        asyncio.run(preparing.run())
    except PreparationFailed as failed:
        preparing.say(f"{failed.reason}: {failed.message}")
        told = {"reason": failed.reason, "message": failed.message[:1000], "is_permanent": failed.is_permanent}
        LAST_WORDS.write_text(json.dumps(told) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
