"""Baselines: made once of what a rule names, stored, and found again; another model or another source makes another."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.domain import sentences
from monitor.domain.rules.timing import Window
from monitor.handlers.rules.sources import RowSources
from monitor.handlers.rules.threads import in_thread
from monitor.store.inference_tables.places import TablePlace
from monitor.store.rules.progress import find_baseline, find_baseline_of, save_baseline
from monitor.store.tables import BaselineRow
from shared.clock import Clock
from shared.contracts.quality.monitors import Monitor, TrainedModel
from shared.contracts.quality.training_data import TrainingDataQuery
from shared.database import Database
from shared.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

    from monitor.domain.statistics.baselines.baseline import Baseline
    from monitor.handlers.rules.rows import OpenedRows

DEFAULT_WEEKS = 4


@dataclass(frozen=True)
class Sample:
    """Rows of elsewhere. `root`: what a path must not lead out of."""

    place: TablePlace
    root: str | None
    is_table: bool


@dataclass(frozen=True)
class FoundBaseline:
    """A baseline, and in words what it was made of."""

    baseline: Baseline
    source: str


def baseline_digest(rule: Monitor) -> str:
    """Names what a rule's baseline is made of: of training data and first windows, the model belongs to it."""
    assert rule.baseline is not None
    of_model = rule.baseline.kind == "training" or (rule.baseline.kind == "window" and rule.baseline.start is None)
    model = rule.trained.model_dump(mode="json") if of_model and rule.trained is not None else None
    parts = [rule.baseline.model_dump(mode="json"), rule.baseline_path, sorted(rule.columns), model]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass
class Baselines:
    """Makes and keeps them."""

    database: Database
    sources: RowSources
    clock: Clock

    async def of(self, rule: Monitor, rows: OpenedRows, columns: Sequence[str], window: Window) -> FoundBaseline | None:
        """The baseline for a window; None: the first window with enough rows, as this one may be.

        Raises what opening its source raises.
        """
        assert rule.baseline is not None
        if rule.baseline.kind == "seasonal":
            return await self._seasonal(rule, rows, columns, window)
        kept = await self._kept(rule)
        if kept is not None:
            return kept
        made = await self._made(rule, rows, columns)
        if made is not None and made.baseline.expectations and rule.kind == "drift":
            raise InvalidInput(sentences.NO_DISTRIBUTIONS(source=made.source))
        return None if made is None else await self._keep(rule, made)

    async def judged_by(self, rule: Monitor, source: str) -> FoundBaseline | None:
        """The one that a verdict names, which need not be today's; None: it is not kept any more."""
        async with self.database.read() as session:
            row = await find_baseline_of(session, rule.id, source)
        if row is None:
            return None
        return FoundBaseline(await in_thread(_from_bytes, row.data), row.source)

    async def freeze_window(
        self, rule: Monitor, rows: OpenedRows, columns: Sequence[str], window: Window
    ) -> FoundBaseline:
        """Have the rows of a window be the baseline from now on."""
        source = _said(window)
        made = await in_thread(_of_windows, rows, columns, (window,))
        return await self._keep(rule, FoundBaseline(made, source))

    async def _kept(self, rule: Monitor) -> FoundBaseline | None:
        async with self.database.read() as session:
            row = await find_baseline(session, rule.id, baseline_digest(rule))
        if row is None:
            return None
        return FoundBaseline(await in_thread(_from_bytes, row.data), row.source)

    async def _keep(self, rule: Monitor, made: FoundBaseline) -> FoundBaseline:
        profile = made.baseline.profile
        row = BaselineRow(
            monitor_id=rule.id,
            digest=baseline_digest(rule),
            source=made.source,
            rows=profile.rows,
            data=await in_thread(made.baseline.to_bytes),
            made_at=self.clock.now(),
        )
        async with self.database.unit_of_work() as session:
            await save_baseline(session, row)
        return made

    async def _made(self, rule: Monitor, rows: OpenedRows, columns: Sequence[str]) -> FoundBaseline | None:
        asked = rule.baseline
        assert asked is not None
        if asked.kind == "window" and asked.start is not None and asked.end is not None:
            window = Window(asked.start, asked.end)
            made = await in_thread(_of_windows, rows, columns, (window,))
            if not made.profile.rows:
                raise InvalidInput(sentences.EMPTY_WINDOW(start=asked.start, end=asked.end))
            return FoundBaseline(made, _said(window))
        if asked.kind in {"table", "file"} and rule.baseline_path is not None:
            place = await self.sources.place(rule.baseline_path)
            sample = Sample(place, rule.baseline_root, is_table=asked.kind == "table")
            made = await in_thread(_of_samples, sample, rows)
            return FoundBaseline(made, asked.location or rule.baseline_path)
        if asked.kind == "training" and rule.trained is not None:
            return await self._training(rule.service, rule.trained, rows)
        return None

    async def _training(self, service: str, model: TrainedModel, rows: OpenedRows) -> FoundBaseline | None:
        """None: nothing is known of the data that the model was trained on."""
        calls = self.sources.calls
        found = await calls.training_data(TrainingDataQuery(service=service, version=model.version))
        source = sentences.OF_TRAINING(model=model.model, version=model.model_version, source=found.source)
        if found.kind == "place" and found.location is not None:
            place = await self.sources.place(found.location)
            sample = Sample(place, found.root, is_table=found.is_table)
            return FoundBaseline(await in_thread(_of_samples, sample, rows), source)
        if found.chunks is None or found.name is None:
            return None
        with tempfile.TemporaryDirectory(prefix="penstock-baseline-") as folder:
            file = Path(folder, f"rows{''.join(Path(found.name).suffixes)[-16:]}")
            async with aclosing(calls.read_chunks(found.chunks)) as chunks:
                with await in_thread(file.open, "wb") as into:
                    async for chunk in chunks:
                        await in_thread(into.write, chunk)
            sample = Sample(TablePlace(str(file)), None, is_table=False)
            return FoundBaseline(await in_thread(_of_samples, sample, rows), source)

    async def _seasonal(self, rule: Monitor, rows: OpenedRows, columns: Sequence[str], window: Window) -> FoundBaseline:
        assert rule.baseline is not None
        weeks = rule.baseline.weeks or DEFAULT_WEEKS
        earlier = tuple(window.before(timedelta(weeks=week)) for week in range(1, weeks + 1))
        made = await in_thread(_of_windows, rows, columns, earlier)
        return FoundBaseline(made, sentences.OF_WEEKS(weeks=weeks))


def _said(window: Window) -> str:
    return sentences.OF_WINDOW(start=window.start.isoformat(), end=window.end.isoformat())


def _from_bytes(data: bytes) -> Baseline:
    from monitor.domain.statistics.baselines.baseline import Baseline  # noqa: PLC0415 - loads Arrow

    return Baseline.from_bytes(data)


def _of_windows(rows: OpenedRows, columns: Sequence[str], windows: Sequence[Window]) -> Baseline:
    from monitor.domain.statistics.baselines.baseline import Baseline  # noqa: PLC0415

    def batches() -> Iterator[pa.RecordBatch]:
        for window in windows:
            yield from rows.batches(columns, window)

    return Baseline.from_batches(batches)


def _of_samples(sample: Sample, rows: OpenedRows) -> Baseline:
    from monitor.domain.statistics.baselines.baseline import Baseline  # noqa: PLC0415
    from monitor.domain.statistics.baselines.sagemaker import baseline_from_json  # noqa: PLC0415
    from monitor.domain.statistics.columns import stored_names  # noqa: PLC0415
    from monitor.handlers.rules.rows import renamed  # noqa: PLC0415
    from monitor.store.inference_tables import samples  # noqa: PLC0415

    location, columns = sample.place.location, rows.columns
    samples.check_inside(location, sample.root)
    if not sample.is_table and samples.is_statistics(location):
        try:
            return baseline_from_json(samples.read_statistics(sample.place)).renamed(stored_names(columns))
        except ValueError as error:
            raise InvalidInput(f"{location}: {error}") from error
    made = Baseline.from_batches(
        lambda: renamed(samples.sample_batches(sample.place, is_table=sample.is_table), columns)
    )
    if not made.profile.rows:
        raise InvalidInput(sentences.EMPTY_PLACE(location=location))
    return made
