"""From "listening" to "ready": load the model, set the workers' template aside, try the example, open the door."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from penstock_runtime.batching.batcher import Batcher
from penstock_runtime.batching.batches import Limits
from penstock_runtime.batching.latency import Pace
from penstock_runtime.http.endpoints import Door
from penstock_runtime.loading.failures import is_final, trace_of
from penstock_runtime.options import Options
from penstock_runtime.pod_log import Prints
from penstock_runtime.report import PodReport
from penstock_runtime.sharing.policy import Sharing, Verdict
from penstock_runtime.workers.pool import Workers
from penstock_runtime.workers.template import make_template

if TYPE_CHECKING:
    from penstock_runtime.loading.loader import Loaded
    from penstock_runtime.report import Check

T = TypeVar("T")


class Opening:
    """One start of a pod."""

    def __init__(self, door: Door, options: Options, prints: Prints, foreign: set[int]) -> None:
        self.door = door
        self.options = options
        self.prints = prints
        self.foreign = foreign
        self.has_failed = asyncio.Event()
        self.is_final = False
        """Whether what went wrong would go wrong again."""

    async def open(self) -> bool:
        """Whether the model could be loaded; why not is in the log."""
        try:
            loaded = await _beside(lambda: _load(self.options, self.prints))
            workers = self._workers(loaded)
            sharing = Sharing(loaded.model.sharing_rule)
            check = await _beside(lambda: _check(loaded, sharing))
        except BaseException as error:  # noqa: BLE001 — a model's code raises what it likes, SystemExit too
            sys.stdout.flush()
            self.is_final = is_final(error)
            self.prints.say(trace_of(error))
            said = " ".join(str(error).split())
            self.prints.say(f"cannot load the model: {type(error).__name__}: {said}"[:1000])
            return False
        report = PodReport(check, sharing.verdict)
        sharing.on_change = partial(self._changed, report)
        workers.report = report
        for line in check.lines():
            self.prints.say(line)
        limits = Limits(self.options.max_batch_rows, self.options.max_batch_bytes, self.options.max_queue)
        batcher = Batcher(loaded.predictor.execute, limits, workers, sharing, _pace(check, loaded))
        workers.batcher = batcher
        if batcher.pace.is_slow:
            workers.begin()
            await workers.usable.wait()
        self.door.open(loaded.reader, batcher, report)
        self.prints.say(f"ready; {_said(sharing.verdict)}")
        return True

    def _changed(self, report: PodReport, verdict: Verdict) -> None:
        report.changed(verdict)
        self.prints.say(_said(verdict))

    def _workers(self, loaded: Loaded) -> Workers:
        foreign = {*self.foreign, *self.door.open_sockets()}
        template = make_template(loaded, foreign) if loaded.is_forkable else None
        return Workers(self.options, template, self.prints, self.has_failed.set)


def _load(options: Options, prints: Prints) -> Loaded:
    from penstock_runtime.loading.loader import load  # noqa: PLC0415 — 2 s of imports, while the socket answers already

    return load(options, prints)


def _check(loaded: Loaded, sharing: Sharing) -> Check:
    from penstock_runtime.startup.check import check_model  # noqa: PLC0415 — as above

    return check_model(loaded, sharing)


def _said(verdict: Verdict) -> str:
    words = "share a predict" if verdict.shares else "do not share a predict"
    return f"rows of different callers {words} ({verdict.reason}): {verdict.message}"


def _pace(check: Check, loaded: Loaded) -> Pace:
    """What nobody has seen predict counts as slow, where a worker is to be had in milliseconds."""
    pace = Pace(is_slow=loaded.is_forkable)
    if check.seconds is not None:
        pace.saw(check.seconds)
    return pace


async def _beside(task: Callable[[], T]) -> T:
    """Run it in a thread that is gone when it is done: a fork would not take it along."""
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, task)
    finally:
        executor.shutdown(wait=True)
