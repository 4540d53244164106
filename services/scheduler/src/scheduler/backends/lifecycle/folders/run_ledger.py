"""When each run of each pod began and ended, as its files say: what metering rests on.

Level-triggered: whatever is not settled is looked at again each time, so that a scheduler which was killed or away
finds what happened meanwhile. A run that is gone, and whose end nobody will write down, ended when it was last known
to be alive.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from scheduler.backends.lifecycle.folders.pod_folder import PodFolder
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.domain.values import RunObservation

log = logging.getLogger("penstock.scheduler.metering")

Key = tuple[str, int]


class LedgerProcess(Protocol):
    """Of what was started for a run: see `scheduler.backends.lifecycle.runner.RunProcess`."""

    def is_alive(self) -> bool:
        """Whether it runs."""
        ...

    def is_attended(self) -> bool:
        """Whether somebody will still write down how it ends."""
        ...


FindProcess = Callable[[RunFolder], LedgerProcess | None]
"""What was started for a run; None where nothing is to be found. Called in a thread."""


class RunLedger:
    """Reads the folders under `root` (`<home>/pods`). Used by one thread at a time."""

    def __init__(self, root: Path, find: FindProcess) -> None:
        self._root = root
        self._find = find
        self._open: dict[Key, RunObservation] = {}
        self._alive_at: dict[Key, float] = {}
        self._settled: set[Key] | None = None
        """None before the first pass, which leaves nothing out: the database may have been lost."""

    def read_runs(self, now: float) -> list[RunObservation]:
        """Every run that is not settled, as it is at unix time `now`."""
        settled, present = self._settled, set[Key]()
        found: dict[Key, RunObservation] = {}
        for key, run in self._runs():
            present.add(key)
            if settled is not None and (key in settled or run.is_settled()):
                settled.add(key)
            elif seen := self._try(key, run, now):
                found[key] = seen
        self._settled = (settled or set()) & present
        self._open = {key: seen for key, seen in found.items() if seen.ended_at is None}
        self._alive_at = {key: at for key, at in self._alive_at.items() if key in self._open}
        return list(found.values())

    def mark_settled(self, runs: Sequence[RunObservation]) -> None:
        """Note on disk that the ends of these runs are stored."""
        for run in runs:
            PodFolder(self._root / run.pod).run(run.run).mark_settled()

    def _runs(self) -> Iterator[tuple[Key, RunFolder]]:
        for path in sorted(self._root.iterdir()) if self._root.is_dir() else ():
            for run in PodFolder(path).runs():
                yield (path.name, run.number), run

    def _try(self, key: Key, run: RunFolder, now: float) -> RunObservation | None:
        try:
            return self._seen(key, run, now)
        except (OSError, ValueError, KeyError):
            log.exception("run %s of pod %s cannot be read", key[1], key[0])
            return self._open.get(key)

    def _seen(self, key: Key, run: RunFolder, now: float) -> RunObservation | None:
        known = self._open.get(key) or self._read_process_file(run)
        if known is None:
            return None  # it is being prepared
        ended, is_exact = self._end(key, run, known.started_at.timestamp(), now)
        return replace(known, ended_at=None if ended is None else _moment(ended), is_exact=is_exact)

    def _read_process_file(self, run: RunFolder) -> RunObservation | None:
        started, pod = run.started_at(), PodFolder.open(run.path.parent)
        if started is None or pod is None:
            return None
        record = pod.record
        return RunObservation(record.name, run.number, record.deployment, _moment(started), node=record.node_name)

    def _end(self, key: Key, run: RunFolder, started: float, now: float) -> tuple[float | None, bool]:
        """Unix time of the end, and whether it is the process' own; None while it may still be said."""
        if (ended := run.ended_at()) is not None:
            return max(started, ended), True
        process = self._find(run)
        if process is not None and process.is_alive():
            self._alive_at[key] = now
            return None, True
        if run.is_attended() if process is None else process.is_attended():
            return None, True  # it has just ended, and whoever attends it is about to say so
        if (ended := run.ended_at()) is not None:
            return max(started, ended), True
        return max(started, run.touched_at() or 0.0, self._alive_at.get(key, 0.0)), False


def _moment(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
