"""How many pods the load asks for: Knative's pod autoscaler, as a pure function of samples of the load.

Source: Knative Serving, `pkg/autoscaler/scaling/autoscaler.go` and its `config-autoscaler` defaults. Concurrency is
averaged over a stable window (60 s) and a panic window (its tenth). When the panic window asks for twice the pods that
are ready, the faster average decides until a whole stable window has passed without that, and nothing is scaled down
meanwhile.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import ceil, floor, inf

STABLE_WINDOW_S = 60.0
PANIC_PART = 0.1
"""Of the stable window."""
PANIC_THRESHOLD = 2.0
"""The panic window's pods over the ready ones."""
UTILIZATION = 0.7
"""Of the target concurrency: what a pod is given on average, so that there is room while another one starts."""
MAX_SCALE_UP_RATE = 10.0
"""Times the ready pods, in one decision. Knative's is 1,000: there, a cluster is below."""
MAX_SCALE_DOWN_RATE = 2.0
SCALE_TO_ZERO_GRACE_S = 30.0
"""So long the last pod stays after nothing asks for it any more."""
LATENCY_S = 2.5
"""A router's count is so old at most; a window that is not yet covered by counts decides nothing downwards."""
LONGEST_START_S = 600.0
"""Pods that are not ready after so long hold those up no more that are: Knative's progress deadline."""
MIN_GAP_S = 10.0
"""Between two samples. Samples from before a gap of this length and half a window are dropped."""


@dataclass(frozen=True, slots=True)
class ReplicaBounds:
    """What the user set."""

    least: int
    most: int
    target_concurrency: float
    """Requests in flight at one pod that are neither too many nor too few."""

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most or self.most < 1 or self.target_concurrency <= 0:
            raise ValueError(f"bounds that hold nothing: {self}")


@dataclass(frozen=True, slots=True)
class AutoscalerTiming:
    """The stable window and the grace period before the last pod ends, seconds."""

    window_s: float = STABLE_WINDOW_S
    grace_s: float = SCALE_TO_ZERO_GRACE_S


@dataclass(frozen=True, slots=True)
class LoadSample:
    """One measurement of the load of a version: `in_flight` over all routers, those that wait for a pod included."""

    at: float
    """Monotonic seconds."""
    in_flight: float
    ready: int
    without_room: int = 0
    """Pods that have not begun, since there is no room for them: nothing is lost with them."""
    is_updating: bool = False
    """Its pods are being replaced: those that have begun have to show that they get ready."""


@dataclass(frozen=True, slots=True)
class ScaleDecision:
    """So many pods, and why, in words of an operator."""

    replicas: int
    reason: str


@dataclass(slots=True)
class Autoscaler:
    """The scale of one version. Its clock is the samples, which come in order, about every two seconds."""

    bounds: ReplicaBounds
    replicas: int
    """Wanted now."""
    started_at: float
    timing: AutoscalerTiming = AutoscalerTiming()
    _samples: deque[LoadSample] = field(default_factory=deque)
    _panicked_at: float = -inf
    _panic_replicas: int = 0
    _idle_since: float | None = None
    _raised_at: float = -inf
    _was_reached: bool = False
    """Whether as many pods as are wanted have been ready at once since the last raise."""

    def __post_init__(self) -> None:
        self._raised_at = self.started_at

    def decide(self, sample: LoadSample) -> ScaleDecision:
        """How many pods to have after one more sample."""
        self._add_sample(sample)
        self._was_reached = self._was_reached or sample.ready >= self.replicas
        window_s = self.timing.window_s
        stable, panic = self._wanted(sample, window_s), self._wanted(sample, PANIC_PART * window_s)
        if panic >= PANIC_THRESHOLD * max(1, sample.ready) and panic > sample.ready:
            self._panicked_at = sample.at
        is_panicking = sample.at - self._panicked_at < window_s
        if is_panicking:
            self._panic_replicas = max(self._panic_replicas, panic, stable, self.replicas)
            decided = ScaleDecision(self._panic_replicas, "panic")
        else:
            self._panic_replicas = 0
            decided = ScaleDecision(stable, "load")
        decided = self._bounded(self._cautious(decided, sample))
        if decided.replicas > self.replicas:
            self._was_reached, self._raised_at = False, sample.at
        self.replicas = decided.replicas
        return decided

    def _add_sample(self, sample: LoadSample) -> None:
        gap_s = max(MIN_GAP_S, self.timing.window_s / 2)
        if self._samples and sample.at - self._samples[-1].at > gap_s:
            self._samples.clear()
        self._samples.append(sample)
        while self._samples[0].at < sample.at - self.timing.window_s:
            self._samples.popleft()

    def _average(self, now: float, window_s: float) -> float:
        values = [each.in_flight for each in self._samples if each.at > now - window_s]
        return sum(values) / len(values)

    def _wanted(self, sample: LoadSample, window_s: float) -> int:
        """Pods for a window's average, as far from the ready ones as one decision may go."""
        wanted = ceil(self._average(sample.at, window_s) / (self.bounds.target_concurrency * UTILIZATION) - 1e-9)
        up = ceil(MAX_SCALE_UP_RATE * max(1, sample.ready))
        down = floor(sample.ready / MAX_SCALE_DOWN_RATE) if sample.ready > 1 else 0
        return max(down, min(wanted, up))

    def _cautious(self, decided: ScaleDecision, sample: LoadSample) -> ScaleDecision:
        """What must hold before pods are ended."""
        if decided.replicas >= self.replicas:
            self._idle_since = None
            return decided
        if (kept := self._kept(decided, sample)) is not None:
            return kept
        if decided.replicas > 0:
            self._idle_since = None
            return decided
        if self._idle_since is None:
            self._idle_since = sample.at
        if sample.at - self._idle_since < self.timing.grace_s:
            return ScaleDecision(1, "grace")
        return ScaleDecision(0, "idle")

    def _kept(self, decided: ScaleDecision, sample: LoadSample) -> ScaleDecision | None:
        """Pods that are not ended however small the load is, and why; None where nothing keeps them."""
        if not self._is_tried(sample):
            return ScaleDecision(self.replicas, "starting")
        if sample.at - max(self.started_at, self._samples[0].at) < self.timing.window_s - LATENCY_S:
            return ScaleDecision(self.replicas, "young")
        begun = min(self.replicas, max(sample.ready, self.replicas - sample.without_room))
        return ScaleDecision(begun, "updating") if sample.is_updating and decided.replicas < begun else None

    def _is_tried(self, sample: LoadSample) -> bool:
        """Whether the pods that were wanted last have shown what they are good for, but those without room for it."""
        if self._was_reached or sample.ready + sample.without_room >= self.replicas:
            return True
        return sample.ready > 0 and sample.at - self._raised_at >= LONGEST_START_S

    def _bounded(self, decided: ScaleDecision) -> ScaleDecision:
        if decided.replicas < self.bounds.least:
            return ScaleDecision(self.bounds.least, "least")
        if decided.replicas > self.bounds.most:
            return ScaleDecision(self.bounds.most, "most")
        return decided
