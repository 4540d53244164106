"""Prepares a pod that serves an MLflow model: the model's files, an environment that satisfies them, the command."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from scheduler.backends.artifacts import ModelCache
from scheduler.backends.environments.store import Environment, Environments, Plan
from scheduler.backends.folders import PodRecord, RunFolder
from scheduler.backends.preparation import PreparationFailed, Tell
from scheduler.domain.values import Note
from shared.security.redaction import redact_credentials

log = logging.getLogger("penstock.scheduler.mlflow_model")


class MlflowPreparation:
    """Fetch, plan, build where nothing satisfies the model, name the command."""

    def __init__(self, models: ModelCache, environments: Environments) -> None:
        self.models = models
        self.environments = environments

    async def command(self, record: PodRecord, run: RunFolder, tell: Tell) -> list[str]:
        """See `Preparation.command`."""
        model = await self._model(record, tell)
        python = await self._python(model, run, tell)
        options = record.deployment.runtime
        return [
            str(python), "-m", "penstock_runtime",
            "--model-path", str(model),
            "--row-wise", options.row_wise,
            "--types", options.types,
            "--max-batch-rows", str(options.max_batch_rows),
            "--workers", str(options.workers),
        ]  # fmt: skip

    async def _model(self, record: PodRecord, tell: Tell) -> Path:
        if path := self.models.cached(record.deployment, record.template):
            return path.resolve()
        source = record.deployment.model_source
        name = f"{source.model} version {source.version}"
        tell(Note("FetchingModel", f"fetching {name}"))
        started = time.monotonic()
        path = await self.models.fetch(record.deployment, record.template)
        tell(Note("ModelFetched", f"{name} is here after {time.monotonic() - started:.1f} s"))
        return path.resolve()

    async def _python(self, model: Path, run: RunFolder, tell: Tell) -> Path:
        plan = await self._plan(model)
        for line in plan.left_out:
            tell(Note("RequirementAdjusted", line[:500], "warning"))
        for warning in plan.comparison.warnings:
            run.say(f"warning: requirement of the model not met, ignored: {warning}")
        if found := self.environments.find(plan):
            return found.python
        unmet = ", ".join(plan.comparison.unmet)
        run.say(f"building an environment for the model; not met here: {unmet}")
        tell(Note("BuildingEnvironment", f"building an environment; not met by the platform's own: {unmet}"[:500]))
        started = time.monotonic()
        built = await self._built(plan, run)
        seconds = time.monotonic() - started
        run.say(f"environment ready after {seconds:.1f} s")
        tell(Note("EnvironmentReady", f"environment {plan.key} ready after {seconds:.1f} s"))
        return built.python

    async def _plan(self, model: Path) -> Plan:
        """Whatever is wrong with a model's files ends the version with its reason: nothing else would say it."""
        try:
            # In a thread: it reads the metadata of every installed package, 60 ms, and seconds where the disk is cold.
            return await asyncio.to_thread(self.environments.plan, model)
        except PreparationFailed:
            raise
        except Exception as error:  # the files are a stranger's
            log.exception("the files of %s cannot be read", model)
            raise _unexpected("RequirementsRefused", error, is_permanent=True) from error

    async def _built(self, plan: Plan, run: RunFolder) -> Environment:
        try:
            return await self.environments.build(plan, run.output, run.say)
        except (OSError, ValueError) as error:  # a full disk, for example
            raise _unexpected("EnvironmentFailed", error, is_permanent=False) from error


def _unexpected(reason: str, error: Exception, *, is_permanent: bool) -> PreparationFailed:
    message = f"the model's environment cannot be prepared: {type(error).__name__}: {error}"
    return PreparationFailed(reason, redact_credentials(message)[:500], is_permanent)
