"""Watches the process of one run: is it alive, is it ready, how did it end."""

from __future__ import annotations

import signal

from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.backends.lifecycle.probe import probe_pod
from scheduler.backends.lifecycle.runner import RunProcess
from scheduler.backends.pod_api.health import read_report
from scheduler.backends.pod_api.tokens import TOKEN_VARIABLE
from scheduler.domain.probes import PodHealth, ProbeAnswer, judge_health
from scheduler.domain.values import NOT_HEALTHY, OUT_OF_MEMORY, PodNote, RunEnd
from shared.clock import Clock
from shared.contracts.deployment import PodReport, ReportedEvent

REPORT_DELAY_S = 1.0
"""How long after a process is gone it may take until somebody has written down how it ended."""
ATTENDED_DELAY_S = 30.0
"""The same while whoever is to do that is there: it may have much output to see to the end first."""
POLL_S = 0.05
NEVER_LOADS = 5
"""Exit code of a model server whose model raised what it would raise again: a missing module, no Python."""
TOLD_AFTER_S = 15.0
"""How long somebody's own image may be silent, or say that it is not ready, before people are told what it says."""
LOADING_SHARE = 0.1
"""Of the time that a pod has been loading: how late its readiness may be seen."""


class RunWatch:
    """What is known of a run's process. `was_ready`: an earlier watch of this very run has seen it ready."""

    def __init__(
        self, run: RunFolder, process: RunProcess, options: LifecycleOptions, clock: Clock, *, was_ready: bool = False
    ) -> None:
        self.run = run
        self.process = process
        self.options = options
        self.clock = clock
        # A pod that was ready stays so until a probe says otherwise: a scheduler's restart must not empty the routes.
        self.health = PodHealth(is_ready=was_ready, was_ready=was_ready)
        self.begun = clock.monotonic()
        self.ready_since: float | None = self.begun if was_ready else None
        self.killed_for: PodNote | None = None
        self.report: PodReport | None = None
        """The pod's report: read when it turns ready, and when its health answer has another revision."""
        self._revision: int | None = None
        self._gone_since: float | None = None
        self._last_answer: tuple[ProbeAnswer, int] | None = None
        self._told_answer: tuple[ProbeAnswer, int] | None = None

    @property
    def token(self) -> str | None:
        """What the pod is to be asked with; None: one of an earlier release, which answers anybody."""
        return dict((self.run.read_order() or {}).get("environment", {})).get(TOKEN_VARIABLE)

    @property
    def ready_for_s(self) -> float:
        """Seconds since it was first ready."""
        return 0.0 if self.ready_since is None else self.clock.monotonic() - self.ready_since

    @property
    def pause_s(self) -> float:
        """Seconds until the next probe: short at first, since callers may wait for a pod that loads."""
        usual = self.options.probe_every_s
        if self.health.was_ready:
            return usual
        return min(usual, max(POLL_S, LOADING_SHARE * (self.clock.monotonic() - self.begun)))

    def run_end(self, *, is_intended: bool) -> RunEnd | None:
        """How the process ended; None while it runs."""
        status = self.run.exit()
        if status is None and not self._is_lost():
            return None
        status = status or {"code": None, "signal": None}
        reason, message = "Exited", ""
        if self.killed_for and not is_intended:
            reason, message = self.killed_for.reason, self.killed_for.message
        elif not is_intended and (limit := self.process.exceeded_memory_limit()):
            reason, message = OUT_OF_MEMORY, f"killed by the kernel at its limit of {limit}"
        is_ours = self.process.health_path is None  # the exit codes of an image are its own
        is_final = is_ours and reason == "Exited" and status["code"] == NEVER_LOADS and self.ready_since is None
        return RunEnd(
            self.run.number,
            status["code"],
            status["signal"],
            reason,
            message,
            is_permanent=is_final,
            is_intended=is_intended,
        )

    def _is_lost(self) -> bool:
        """Whether the process is gone, and nobody will ever say how (its shim was killed too, for example)."""
        if self.process.is_alive():
            return False
        now = self.clock.monotonic()
        self._gone_since = self._gone_since or now
        limit_s = ATTENDED_DELAY_S if self.process.is_attended() else REPORT_DELAY_S
        return now - self._gone_since > limit_s

    async def check(self) -> bool:
        """Probe once; whether readiness or the pod's report changed. Kills a process that hangs or starts too late."""
        before = self.health
        result = await probe_pod(self.process, self.options.probe_timeout_s, self.token)
        now = self.clock.monotonic()
        self._last_answer = result.answer, result.status
        self.health = judge_health(before, result, now, self.options.probe_limits)
        if self.health.is_ready and self.ready_since is None:
            self.ready_since = now
        is_news = result.answer == "ready" and result.revision != self._revision
        if is_news:
            self._revision = result.revision
            await self._read_report()
        if not self.killed_for and (verdict := self._verdict(now)):
            self.killed_for = verdict
            await self.process.send(signal.SIGKILL)
        return is_news or self.health.is_ready != before.is_ready

    def take_unhealthy(self) -> PodNote | None:
        """Why somebody's own image is not ready yet, a while after its start; once for each other answer."""
        is_late = self.clock.monotonic() - self.begun >= TOLD_AFTER_S
        if self.process.health_path is None or self.health.was_ready or not is_late or not self.health.reason:
            return None
        if self._last_answer == self._told_answer:
            return None
        self._told_answer = self._last_answer
        limit = f"it is ended {self.options.start_limit_s:g} s after its start"
        return PodNote(NOT_HEALTHY, f"{self.health.reason}; {limit}", "warning")

    async def _read_report(self) -> None:
        """What the pod says of itself; somebody's own image is asked for its health and nothing else."""
        if self.process.health_path is not None:
            return
        at = self.process.probed_at
        report = await read_report(at.host, at.port, self.options.probe_timeout_s, self.token)
        self.report = self._explained(report) if report else self.report

    def _explained(self, report: PodReport) -> PodReport:
        """The report, with what the kernel says of a worker that it killed."""
        if not any(event.reason == "WorkerEnded" for event in report.events):
            return report
        limit = self.process.exceeded_memory_limit()
        return report.model_copy(update={"events": tuple(_explained(event, limit) for event in report.events)})

    def _verdict(self, now: float) -> PodNote | None:
        if self.health.must_restart:
            return PodNote("LivenessFailed", f"killed: {self.health.reason}", "warning")
        if not self.health.was_ready and now - self.begun > self.options.start_limit_s:
            why = f": {self.health.reason}" if self.process.health_path is not None and self.health.reason else ""
            late = f"killed: not ready {self.options.start_limit_s:g} s after its start{why}"
            return PodNote("StartTimeout", late, "warning")
        return None

    async def end(self, grace_s: float) -> None:
        """SIGTERM, then SIGKILL after `grace_s`; returns when the process has ended."""
        await self.process.send(signal.SIGTERM)
        await self.process.send(signal.SIGCONT)
        begun = self.clock.monotonic()
        is_killed = False
        while self.process.is_alive():
            if not is_killed and self.clock.monotonic() - begun > grace_s:
                await self.process.send(signal.SIGKILL)
                is_killed = True
            await self.clock.sleep(POLL_S)


def _explained(event: ReportedEvent, limit: str | None) -> ReportedEvent:
    """A worker's end by SIGKILL in a pod for whose limit of memory the kernel has killed something."""
    if limit is None or event.reason != "WorkerEnded" or "SIGKILL" not in event.message:
        return event
    message = f"{event.message}; the kernel has killed at the pod's limit of {limit}"
    return event.model_copy(update={"reason": f"Worker{OUT_OF_MEMORY}", "message": message[:1000]})
