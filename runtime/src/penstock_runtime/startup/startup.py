"""From "listening" to "ready": load the model, fork the template of workers, try the example, enable predictions."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from penstock_runtime.batching.batcher import Batcher
from penstock_runtime.batching.batches import BatchLimits
from penstock_runtime.batching.latency import ModelLatency
from penstock_runtime.http.endpoints import ModelEndpoints
from penstock_runtime.loading.failures import describe_failure, is_permanent, model_traceback
from penstock_runtime.options import ServerOptions
from penstock_runtime.pod_log import PodLog
from penstock_runtime.report import RuntimeReport
from penstock_runtime.sharing.policy import SharingPolicy, SharingVerdict
from penstock_runtime.workers.pool import WorkerPool
from penstock_runtime.workers.template import make_template

if TYPE_CHECKING:
    from penstock_runtime.loading.loader import LoadedModel
    from penstock_runtime.report import ModelCheck

T = TypeVar("T")


class PodStartup:
    """One start of a pod."""

    def __init__(self, endpoints: ModelEndpoints, options: ServerOptions, log: PodLog, inherited: set[int]) -> None:
        self.endpoints = endpoints
        self.options = options
        self.log = log
        self.inherited = inherited
        self.has_failed = asyncio.Event()
        self.is_permanent = False
        """Whether what went wrong would go wrong again."""

    async def run(self) -> bool:
        """Whether the model could be loaded; why not is in the log."""
        try:
            loaded = await _in_thread(lambda: _load(self.options, self.log))
            workers = self._workers(loaded)
            loaded_at = time.perf_counter()
            sharing = SharingPolicy(loaded.model.sharing_rule)
            check = await _in_thread(lambda: _check(loaded, sharing))
        except BaseException as error:  # noqa: BLE001 — a model's code raises what it likes, SystemExit too
            sys.stdout.flush()
            self.is_permanent = is_permanent(error)
            self.log.write(model_traceback(error))
            self.log.write(f"cannot load the model: {describe_failure(error)}")
            return False
        report = RuntimeReport(check, sharing.verdict)
        sharing.on_change = partial(self._verdict_changed, report)
        workers.report = report
        for line in check.lines():
            self.log.write(line)
        limits = BatchLimits(self.options.max_batch_rows, self.options.max_batch_bytes, self.options.max_queue)
        batcher = Batcher(loaded.predictor.predict_batch, limits, workers, sharing, _first_latency(check, loaded))
        workers.batcher = batcher
        if batcher.latency.is_slow:
            workers.start_workers()
            await workers.usable.wait()
        report.check_seconds = time.perf_counter() - loaded_at
        self.endpoints.enable_predictions(loaded.reader, batcher, report)
        self.log.write(f"ready; {_describe_verdict(sharing.verdict)}")
        return True

    def _verdict_changed(self, report: RuntimeReport, verdict: SharingVerdict) -> None:
        report.verdict_changed(verdict)
        self.log.write(_describe_verdict(verdict))

    def _workers(self, loaded: LoadedModel) -> WorkerPool:
        inherited = {*self.inherited, *self.endpoints.socket_descriptors()}
        template = make_template(loaded, inherited) if loaded.is_forkable else None
        return WorkerPool(self.options, template, self.log, self.has_failed.set)


def _load(options: ServerOptions, log: PodLog) -> LoadedModel:
    from penstock_runtime.loading.loader import load_model  # noqa: PLC0415 — 2 s of imports, while the socket answers already

    return load_model(options, log)


def _check(loaded: LoadedModel, sharing: SharingPolicy) -> ModelCheck:
    from penstock_runtime.startup.check import check_model  # noqa: PLC0415 — as above

    return check_model(loaded, sharing)


def _describe_verdict(verdict: SharingVerdict) -> str:
    words = "share a predict" if verdict.shares else "do not share a predict"
    return f"rows of different callers {words} ({verdict.reason}): {verdict.message}"


def _first_latency(check: ModelCheck, loaded: LoadedModel) -> ModelLatency:
    """A model that has not predicted yet counts as slow where a worker can be forked in milliseconds."""
    latency = ModelLatency(is_slow=loaded.is_forkable)
    if check.seconds is not None:
        latency.observe(check.seconds)
    return latency


async def _in_thread(task: Callable[[], T]) -> T:
    """Run it in a thread that is gone when it is done: a fork would not take it along."""
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, task)
    finally:
        executor.shutdown(wait=True)
