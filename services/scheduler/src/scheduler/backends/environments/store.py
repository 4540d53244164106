"""Environments that models run in: the platform's own where it satisfies them, else one built by uv and kept.

`<home>/envs/<key>`: the key names the content (requirements, Python's minor version, the model server's own source), so
an environment is built once, is never changed, and is found again in milliseconds. It is built aside and renamed when
it is whole; one build at a time for each key, over processes too.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata, util
from pathlib import Path

from scheduler.backends.child_process import child_environment
from scheduler.backends.confinement.availability import UNCONFINED, Confinement, NotConfined
from scheduler.backends.environments.build import EnvironmentBuild
from scheduler.backends.environments.build_folder import BuildFolder
from scheduler.backends.environments.host import EnvironmentHost, MachineHost
from scheduler.backends.environments.requirements_reader import read_requirements
from scheduler.backends.errors import PreparationFailed
from scheduler.domain.requirements.comparison import (
    EnvironmentComparison,
    EnvironmentPackages,
    compare_environment,
    environment_key,
    packages_for,
    unserved_python,
)
from scheduler.domain.requirements.lines import UnreadableRequirements
from scheduler.domain.requirements.sources import Resolve, SourceRule
from shared.security.redaction import find_credentials

RUNTIME = "penstock-runtime"
UV_PREFIXES = ("UV_", "PIP_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
REFUSED = "RequirementsRefused"


@dataclass(frozen=True)
class PythonEnvironment:
    """A Python that can serve the model."""

    python: Path
    was_built: bool = False


@dataclass(frozen=True)
class EnvironmentPlan:
    """What a model's environment is to be: `key` None means the platform's own."""

    comparison: EnvironmentComparison
    left_out: tuple[str, ...] = ()
    """Of the comparison's warnings, those that the model's owner should hear of."""
    packages: EnvironmentPackages = field(default_factory=lambda: EnvironmentPackages(()))
    python: str = ""
    key: str | None = None


class EnvironmentStore:
    """Plans, builds and finds environments."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *,
        limit_s: float,
        rule: SourceRule | None = None,
        confinement: Confinement = UNCONFINED,
        host: EnvironmentHost | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.host = host or MachineHost()
        self._environ = environ
        self.confinement = confinement
        self.limit_s = limit_s
        self.rule = rule or SourceRule()
        self.uv_environment = _for_uv(environ)
        self.runtime = Path(str(util.find_spec("penstock_runtime").submodule_search_locations[0]))  # type: ignore[union-attr,index]
        self._locks: dict[str, asyncio.Lock] = {}

    def on(self, host: EnvironmentHost) -> EnvironmentStore:
        """The same folder and rules, for what runs elsewhere: it keeps builds from this machine in its own way."""
        return EnvironmentStore(self.folder, self._environ, limit_s=self.limit_s, rule=self.rule, host=host)

    def plan(self, model: Path, resolve: Resolve | None = None) -> EnvironmentPlan:
        """What the model needs, held against the platform's own environment.

        Args:
            resolve: addresses of hosts in its lines; None asks the system.

        Raises:
            PreparationFailed: its files cannot be read, ask for what is not allowed, or for a Python without a server.
        """
        try:
            needs = read_requirements(model, self.rule, resolve or self._resolve)
        except UnreadableRequirements as refused:
            raise PreparationFailed(REFUSED, refused.message, is_permanent=True) from refused
        except OSError as error:
            raise PreparationFailed(REFUSED, f"the model's requirements: {error}") from error
        if needs.python and (why := unserved_python(needs.python)):
            raise PreparationFailed("PythonNotServed", why, is_permanent=True)
        own = self.host.own(needs.python)
        comparison = compare_environment(needs, own.packages, own.version)
        python = needs.python or own.version
        if not comparison.unmet:
            return EnvironmentPlan(comparison, needs.warnings, python=python)
        packages = packages_for(needs, tuple(metadata.requires(RUNTIME) or ()))
        key = environment_key(packages, python, _digest(self.runtime) + own.identity)
        return EnvironmentPlan(comparison, needs.warnings, packages, python, key)

    def _resolve(self, host: str) -> Iterable[str]:
        """Addresses of a host; where a proxy connects, and this machine does not know the name, the proxy decides."""
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            if any(self.uv_environment.get(name) for name in PROXIES):
                return []
            raise OSError(f"{host} has no address") from error
        return [str(address[0]) for *_, address in found]

    def find(self, plan: EnvironmentPlan) -> PythonEnvironment | None:
        """The environment, where nothing has to be built."""
        if plan.key is None:
            return PythonEnvironment(self.host.own(plan.python or None).python)
        if not self.is_built(plan.key):
            return None
        with suppress(OSError):  # when it was last used: see `kept`
            os.utime(self.folder / f"{plan.key}.lock")
        return PythonEnvironment(self._python(plan.key))

    def is_built(self, key: str) -> bool:
        """Whether this environment is here; asking is no use of it."""
        return self.host.is_there(self._python(key))

    def _python(self, key: str) -> Path:
        return self.folder / key / "bin" / "python"

    async def build(self, plan: EnvironmentPlan, output: Path, say: Callable[[str], None]) -> PythonEnvironment:
        """Build the environment, or wait for whoever builds it; uv's words go to `output`.

        Raises:
            PreparationFailed: uv could not; its last lines are in `output`.
        """
        assert plan.key is not None
        try:
            self.confinement.check()
        except NotConfined as why:
            raise PreparationFailed("NotConfined", str(why), is_permanent=True) from why
        async with self._locks.setdefault(plan.key, asyncio.Lock()), self._file_lock(plan.key):
            if found := self.find(plan):
                return found
            await self._build(plan, plan.key, output, say)
        return PythonEnvironment(self._python(plan.key), was_built=True)

    async def _build(self, plan: EnvironmentPlan, key: str, output: Path, say: Callable[[str], None]) -> None:
        await asyncio.to_thread(self._sweep, key)
        written = [wanted.written for wanted in (*plan.packages.wanted, *plan.packages.constraints)]
        secrets = find_credentials([*written, *(option.text for option in plan.packages.options)])
        place = BuildFolder.make(
            self.folder,
            key,
            known=self.uv_environment,
            secrets=secrets,
            limit_s=self.limit_s,
            confinement=self.confinement,
            run_step=self.host.run_step(plan.python),
        )
        tools = self.host.interpreter(plan.python), self.host.uv(plan.python)
        build = EnvironmentBuild(place, plan.packages, plan.python, *tools, self.runtime, output, say)
        try:
            root = await build.run()
            root.rename(self.folder / key)
        finally:
            await asyncio.to_thread(shutil.rmtree, place.folder, ignore_errors=True)

    def _sweep(self, key: str) -> None:
        """Drop what a build that was killed has left; whoever calls holds the key's lock."""
        for left in self.folder.glob(f".building-{key}-*"):
            shutil.rmtree(left, ignore_errors=True)

    @asynccontextmanager
    async def _file_lock(self, key: str) -> AsyncIterator[None]:
        """Hold `<key>.lock` against another process; waiting does not hold the event loop up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _try_lock(descriptor):  # noqa: ASYNC110 - another process holds it
                await asyncio.sleep(0.2)
            yield
        finally:
            os.close(descriptor)


def _for_uv(environ: Mapping[str, str]) -> dict[str, str]:
    """What uv may know; a package index and certificates that are set for pip are taken for uv's too."""
    known = child_environment(environ, UV_PREFIXES)
    for ours, pips in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("SSL_CERT_FILE", "PIP_CERT")):
        if ours not in known and known.get(pips):
            known[ours] = known[pips]
    return known


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        whole.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return whole.hexdigest()
