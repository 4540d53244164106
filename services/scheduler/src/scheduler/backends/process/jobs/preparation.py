"""What a job needs before it starts: its files, an environment of its own, the command, what it is told.

It is told where the tracking server is, what it is to retrain and why, in variables and in `evidence.json`; it gets no
credentials of the platform's, only secrets that its trigger names. Every MLflow run that it makes has the retraining's
id as a tag by itself (`MLFLOW_RUN_CONTEXT`), so that a script which knows nothing of the platform can be found out by
what it registered.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from scheduler.backends.environments.store import EnvironmentStore
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.preparation.variables import AskForSecrets, values_of_secrets
from shared.contracts.jobs import JobOrder
from shared.contracts.retraining import RESULT_TAG
from shared.errors import Permanent

EVIDENCE = "evidence.json"
SYSTEM_PATH = "/usr/bin:/bin"
PLAN = "environment"
_ENVIRONMENT_FILES = ("requirements.txt", "python_env.yaml", "conda.yaml")


class JobPreparation:
    """Makes jobs' folders and environments.

    `tracking_uri`: the platform's own server. `ask_for_secrets`: asks for values by the service's id.
    """

    def __init__(
        self, environments: EnvironmentStore, tracking_uri: str, ask_for_secrets: AskForSecrets | None = None
    ) -> None:
        self._environments = environments
        self._ask_for_secrets = ask_for_secrets
        self.tracking_uri = without_credentials(tracking_uri)

    async def python(self, order: JobOrder, run: RunFolder) -> Path:
        """The Python of the job's environment, built where it has to be. Raises `PreparationFailed`."""
        folder = run.path / PLAN
        await asyncio.to_thread(_write_plan, order, folder)
        plan = await asyncio.to_thread(self._environments.plan, folder)
        if found := self._environments.find(plan):
            return found.python
        run.write_line(f"building an environment for the job; not met here: {', '.join(plan.comparison.unmet)}")
        try:
            return (await self._environments.build(plan, run.output, run.write_line)).python
        except (OSError, ValueError) as error:
            raise PreparationFailed("EnvironmentFailed", f"{type(error).__name__}: {error}"[:500]) from error

    def write_files(self, order: JobOrder, work: Path) -> None:
        """Its files and the evidence, in the folder that it runs in. Raises `PreparationFailed`."""
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, text in {**order.files, EVIDENCE: json.dumps(order.evidence, indent=2)}.items():
            path = work / checked_path(name)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                path.chmod(0o755 if text.startswith("#!") else 0o644)
            except OSError as error:  # a name that is too long, or a file where another one has a folder
                why = f"{name[:100]!r} cannot be written: {error.strerror}"
                raise PreparationFailed("BadFile", why, is_permanent=True) from error

    async def secrets(self, order: JobOrder) -> dict[str, str]:
        """Its variables whose values are secrets. Raises `Temporary` while they cannot be had, `PreparationFailed`."""
        try:
            return await values_of_secrets(self._ask_for_secrets, order.service_id, order.env)
        except Permanent as refused:
            raise PreparationFailed("SecretMissing", refused.message, is_permanent=True) from refused

    def variables(self, order: JobOrder, work: Path) -> dict[str, str]:
        """What the job is told, beside what it was ordered with; without `secrets`."""
        plain = {name: value for name, value in order.env.items() if isinstance(value, str)}
        said = order.evidence
        window = said.get("window") or {}
        told = {
            "USER": "penstock",  # its own number has no name on this machine
            "PENSTOCK_RETRAINING_ID": str(order.id),
            "PENSTOCK_RESULT_TAG": RESULT_TAG,
            "PENSTOCK_EVIDENCE": str(work / EVIDENCE),
            "PENSTOCK_TRIGGER": said.get("trigger"),
            "PENSTOCK_CAUSE": said.get("cause"),
            "PENSTOCK_MODEL": said.get("model"),
            "PENSTOCK_WINDOW_START": window.get("start"),
            "PENSTOCK_WINDOW_END": window.get("end"),
            "MLFLOW_TRACKING_URI": plain.get("MLFLOW_TRACKING_URI", self.tracking_uri),
            "MLFLOW_RUN_CONTEXT": json.dumps({RESULT_TAG: str(order.id)}),
        }
        return {**plain, **{name: str(value) for name, value in told.items() if value is not None}}

    def command(self, order: JobOrder, python: Path, work: Path) -> list[str]:
        """What is executed. Raises `PreparationFailed` where there is no such program."""
        if order.mlflow_project is not None:
            return _project_command(order, python)
        first, *rest = order.command
        if first in ("python", "python3"):
            return [str(python), *rest]
        if "/" in first and not first.startswith("/"):
            return [str(work / checked_path(first)), *rest]
        own = python.parent / first
        found = str(own) if own.is_file() else shutil.which(first, path=SYSTEM_PATH)
        if found is None:
            raise PreparationFailed("CommandNotFound", f"there is no program {first[:100]!r}", is_permanent=True)
        return [found, *rest]


def checked_path(name: str) -> PurePosixPath:
    """A path below the job's folder. Raises `PreparationFailed` for any other."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise PreparationFailed("BadFile", f"{name[:100]!r} is no path in the job's folder", is_permanent=True)
    return path


def without_credentials(url: str) -> str:
    """A URL without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _project_command(order: JobOrder, python: Path) -> list[str]:
    project = order.mlflow_project
    assert project is not None
    parameters = [part for name, value in project.parameters.items() for part in ("-P", f"{name}={value}")]
    version = ["--version", project.version] if project.version else []
    run = ["run", "--env-manager", "local", "-e", project.entry_point, *version, *parameters, "--", project.uri]
    return [str(python), "-m", "mlflow", *run]


def _write_plan(order: JobOrder, folder: Path) -> None:
    """The files that an environment is planned from, as a model has them."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files: dict[str, str] = dict(_of_the_job(order.files))
    if order.requirements:
        files["requirements.txt"] = "".join(f"{line}\n" for line in order.requirements)
    if order.python or order.requirements:
        files["python_env.yaml"] = f"python: '{order.python}'\n" if order.python else ""
        files.pop("conda.yaml", None)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _of_the_job(files: Mapping[str, str]) -> Mapping[str, str]:
    return {name: text for name, text in files.items() if name in _ENVIRONMENT_FILES}
