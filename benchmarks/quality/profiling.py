"""A profile of a Parquet file, batch by batch, in its own process: `python -m benchmarks.quality.profiling FILE`."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.drift.compare import drift_of_table
from monitor.domain.statistics.profiles.builder import ProfileBuilder

BATCH = 65_536
COLUMNS = 20


def write(path: Path, rows: int) -> None:
    """14 columns of numbers, 3 of categories, one of ids, one boolean, one of times."""
    rng = np.random.default_rng(7)
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, BATCH):
        count = min(BATCH, rows - start)
        columns: dict[str, Any] = {f"n{place}": rng.normal(place, 1, count) for place in range(10)}
        columns |= {f"i{place}": rng.integers(0, 10 ** (place + 1), count) for place in range(4)}
        columns |= {f"s{place}": rng.choice([f"v{k}" for k in range(5 * 10**place)], count) for place in range(3)}
        columns["id"] = [f"{number:012x}" for number in rng.integers(0, 2**48, count)]
        columns["flag"] = rng.random(count) < 0.3
        columns["at"] = pa.array(rng.integers(1_600_000_000, 1_700_000_000, count), pa.timestamp("s", "UTC"))
        batch = pa.record_batch(columns)
        writer = writer or pq.ParquetWriter(path, batch.schema)
        writer.write_batch(batch)
    if writer is not None:
        writer.close()


def measure(path: Path) -> dict[str, Any]:
    """CPU seconds and peak memory of a profile without and with a baseline's bins, in a fresh process."""
    answer = subprocess.run(  # noqa: S603 - this module
        [sys.executable, "-m", "benchmarks.quality.profiling", str(path)], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Prints JSON."""
    file = pq.ParquetFile(sys.argv[1])

    def batches() -> Any:
        return file.iter_batches(BATCH)

    started = time.process_time()
    for batch in batches():
        del batch
    reading, before = time.process_time() - started, _peak_mib()
    started = time.process_time()
    builder = ProfileBuilder()
    for batch in batches():
        builder.add(batch)
    profile = builder.finish()
    alone = time.process_time() - started
    baseline = Baseline.from_profile(profile)
    started = time.process_time()
    builder = ProfileBuilder(frozen=baseline.frozen())
    for batch in batches():
        builder.add(batch)
    window = builder.finish()
    binned = time.process_time() - started
    started = time.process_time()
    figures = drift_of_table(window, baseline)
    compared = time.process_time() - started
    print(
        json.dumps(
            {
                "rows": profile.rows,
                "columns": len(profile.columns),
                "reading_cpu_s": round(reading, 2),
                "profile_cpu_s": round(alone, 2),
                "profile_over_bins_cpu_s": round(binned, 2),
                "drift_cpu_ms": round(1000 * compared, 1),
                "compared_columns": len(figures),
                "profile_kib": round(len(profile.to_bytes()) / 1024),
                "reading_peak_mib": round(before),
                "peak_mib": round(_peak_mib()),
            }
        )
    )


if __name__ == "__main__":
    main()
