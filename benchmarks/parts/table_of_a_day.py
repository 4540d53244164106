"""(l) A table after a day: 50 requests a second, committed each second, derived and compacted as the logger does it.

The day is simulated: the times in the records go by as fast as they can be written. What vacuum would remove after
two days is still there, as it is on the first day of a real table.
"""

from __future__ import annotations

import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from benchmarks.options import Options
from benchmarks.parts.inference_tables import FEATURES, KEY, catch_up, cpu_s, new_record, step
from inference_logger.domain.records import RawRecord
from inference_logger.domain.schema import NEEDED_OF_PAYLOAD
from inference_logger.domain.tables import INFERENCES, TableShare
from inference_logger.settings import InferenceLoggerSettings
from inference_logger.store.delta.log_entries import trim_log
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.derived.tables import Derivation

REQUESTS_S = 50
READS = 5


def run(options: Options) -> dict[str, Any]:
    """Both tables after the day: files, sizes, and what reading takes."""
    with tempfile.TemporaryDirectory(prefix="penstock-day-") as folder:
        root = Path(folder)
        cost, appends = _fill(root, options.hours)
        places = {"payload": root / "wine" / "payload", "inferences": root / "wine" / INFERENCES}
        tables = {name: _described(place) for name, place in places.items()}
    by_hour = [round(1000 * seconds / count, 1) for seconds, count in appends if count]
    return {
        "hours": options.hours,
        "requests_s": REQUESTS_S,
        "cpu_s": cost,
        "append_ms_by_hour": by_hour,
        "tables": tables,
    }


def _fill(root: Path, hours: float) -> tuple[dict[str, float], list[tuple[float, int]]]:
    """CPU seconds of each kind of step; of the appends of each hour, with their number."""
    settings = InferenceLoggerSettings(home=root, nats_url="nats://unused")
    tables = PayloadTables(str(root))
    place = partial(tables.location, KEY)
    target = str(root / "wine" / INFERENCES)
    derivation = Derivation(place(), target, step, NEEDED_OF_PAYLOAD)
    chance, start = random.Random(7), datetime(2026, 3, 1, tzinfo=UTC)  # noqa: S311 - the same figures in each run
    derive_every = int(settings.derive_interval.total_seconds())
    tidy_every = int(settings.tidy_interval.total_seconds())
    cost = {"append": 0.0, "derive": 0.0, "merge": 0.0, "compact": 0.0, "trim log": 0.0}
    appends: list[tuple[float, int]] = []
    merge_every = int(settings.merge_interval.total_seconds())
    for second in range(int(hours * 3600)):
        if second % 3600 == 0:
            appends.append((0.0, 0))
        at = start + timedelta(seconds=second)
        records: list[tuple[int, RawRecord]] = [(second + 1, new_record(chance, 1, at)) for _ in range(REQUESTS_S)]
        taken = cpu_s(partial(tables.append, KEY, TableShare(records=records), "day", second + 1))
        cost["append"] += taken
        appends[-1] = (appends[-1][0] + taken, appends[-1][1] + 1)
        if second % derive_every == derive_every - 1:
            cost["derive"] += cpu_s(partial(catch_up, derivation))
        if second % merge_every == merge_every - 1:
            for location in (place(), target):
                cost["merge"] += cpu_s(partial(tables.merge, location))
        if second % tidy_every == tidy_every - 1:
            for location in (place(), target):
                tidy = partial(tables.compact, location, settings.files_kept, today=at.date())
                cost["compact"] += cpu_s(tidy)
                cost["trim log"] += cpu_s(partial(trim_log, location, settings.commits_kept))
    return {name: round(seconds, 1) for name, seconds in cost.items()}, appends


def _described(place: Path) -> dict[str, Any]:
    table = DeltaTable(str(place))
    files = [path for path in place.rglob("*") if path.is_file()]
    log = [path for path in files if path.parent.name == "_delta_log"]
    added = table.get_add_actions(flatten=True)
    return {
        "rows": table.to_pyarrow_dataset().count_rows(),
        "versions": table.version() + 1,
        "files": added.num_rows,
        "files_in_folder": len(files) - len(log),
        "files_of_log": len(log),
        "mib": round(sum(added.column("size_bytes").to_pylist()) / 2**20, 1),
        "mib_in_folder": round(sum(path.stat().st_size for path in files) / 2**20, 1),
        "open_ms": _ms(lambda: DeltaTable(str(place))),
        "read_a_column_ms": _ms(lambda: _column(place)),
    }


def _column(place: Path) -> None:
    table = DeltaTable(str(place))
    name = FEATURES[0] if place.name == INFERENCES else "execution_duration_ms"
    table.to_pyarrow_table(columns=[name])


def _ms(work: Any) -> float:
    """The best of some tries, as a reader waits for it."""
    taken = []
    for _ in range(READS):
        started = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - started))
    return round(min(taken), 1)
