"""Prepares a pod that serves an MLflow model: the model's files, an environment that satisfies them, the command."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from scheduler.backends.environments.store import EnvironmentPlan, EnvironmentStore, PythonEnvironment
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.models.cache import ModelCache
from scheduler.backends.preparation.port import AddNote, PreparationLog
from scheduler.domain.start_timeline import ENVIRONMENT_FOUND, ENVIRONMENT_READY, MODEL_FETCHED, MODEL_FOUND
from scheduler.domain.values import PodNote
from shared.contracts.deployment import Deployment
from shared.security.redaction import redact_credentials

logger = logging.getLogger("penstock.scheduler.mlflow_model")


class MlflowPreparation:
    """Fetch, plan, build where nothing satisfies the model, name the command."""

    def __init__(self, models: ModelCache, environments: EnvironmentStore) -> None:
        self.models = models
        self.environments = environments

    async def command(self, deployment: Deployment, template: str, log: PreparationLog, add_note: AddNote) -> list[str]:
        """See `Preparation.command`."""
        model = await self._model(deployment, template, add_note)
        python = await self._python_of_model(model, log, add_note)
        options = deployment.runtime
        return [
            str(python), "-m", "penstock_runtime",
            "--model-path", str(model),
            "--row-wise", options.row_wise,
            "--types", options.types,
            "--max-batch-rows", str(options.max_batch_rows),
            "--workers", str(options.workers),
        ]  # fmt: skip

    async def _model(self, deployment: Deployment, template: str, add_note: AddNote) -> Path:
        source = deployment.mlflow_source()
        assert source is not None  # images are prepared elsewhere, or refused
        name = f"{source.model} version {source.version}"
        if path := self.models.cached(deployment, template):
            add_note(PodNote(MODEL_FOUND, f"{name} was on this machine", is_event=False))
            return path.resolve()
        add_note(PodNote("FetchingModel", f"fetching {name}"))
        started = time.monotonic()
        path = await self.models.fetch(deployment, template)
        add_note(PodNote(MODEL_FETCHED, f"{name} is here after {time.monotonic() - started:.1f} s"))
        return path.resolve()

    async def _python_of_model(self, model: Path, log: PreparationLog, add_note: AddNote) -> Path:
        plan = await self._plan(model)
        for line in plan.left_out:
            add_note(PodNote("RequirementAdjusted", line[:500], "warning"))
        for warning in plan.comparison.warnings:
            log.write_line(f"warning: requirement of the model not met, ignored: {warning}")
        if found := self.environments.find(plan):
            add_note(PodNote(ENVIRONMENT_FOUND, "an environment that satisfies it was there", is_event=False))
            return found.python
        unmet = ", ".join(plan.comparison.unmet)
        log.write_line(f"building an environment for the model; not met here: {unmet}")
        add_note(
            PodNote("BuildingEnvironment", f"building an environment; not met by the platform's own: {unmet}"[:500])
        )
        started = time.monotonic()
        built = await self._build_environment(plan, log)
        seconds = time.monotonic() - started
        log.write_line(f"environment ready after {seconds:.1f} s")
        add_note(PodNote(ENVIRONMENT_READY, f"environment {plan.key} ready after {seconds:.1f} s"))
        return built.python

    async def _plan(self, model: Path) -> EnvironmentPlan:
        """Whatever is wrong with a model's files ends the version with its reason: nothing else would say it."""
        try:
            # In a thread: it reads the metadata of every installed package, 60 ms, and seconds where the disk is cold.
            return await asyncio.to_thread(self.environments.plan, model)
        except PreparationFailed:
            raise
        except Exception as error:  # whoever logged the model wrote the files
            logger.exception("the files of %s cannot be read", model)
            raise _unexpected("RequirementsRefused", error, is_permanent=True) from error

    async def _build_environment(self, plan: EnvironmentPlan, log: PreparationLog) -> PythonEnvironment:
        try:
            return await self.environments.build(plan, log.output, log.write_line)
        except (OSError, ValueError) as error:  # a full disk, for example
            raise _unexpected("EnvironmentFailed", error, is_permanent=False) from error


def _unexpected(reason: str, error: Exception, *, is_permanent: bool) -> PreparationFailed:
    message = f"the model's environment cannot be prepared: {type(error).__name__}: {error}"
    return PreparationFailed(reason, redact_credentials(message)[:500], is_permanent)
