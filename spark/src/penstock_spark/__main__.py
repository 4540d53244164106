"""`penstock-spark JOB …`, and what `spark-submit` runs: see docs/spark.md."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from inference_logger.domain.inferences.signatures import KnownSignatures
from penstock_spark.errors import Refused
from penstock_spark.signatures import read_signatures


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    whole = argparse.ArgumentParser(
        prog="penstock-spark", description="Inference tables and their profiles, made with Spark."
    )
    jobs = whole.add_subparsers(dest="job", required=True)
    inferences = jobs.add_parser("inferences", help="payload to inferences")
    inferences.add_argument("--payload", required=True, help="place of the payload table")
    inferences.add_argument("--signatures", required=True, help="file that `penstock tables signatures` wrote")
    inferences.add_argument("--unknown-signatures", choices=("refuse", "nearest"), default="refuse")
    inferences.add_argument("--interval", help="go on for good, with a micro-batch this often: '30 seconds'")
    labelled = jobs.add_parser("labelled", help="inferences and labels to labelled rows")
    labelled.add_argument("--inferences", required=True, help="place of an inferences table, of either engine")
    labelled.add_argument("--labels", required=True, help="place of the labels table")
    labelled.add_argument("--interval", type=float, help="go on for good, with a turn every so many seconds")
    for job in (inferences, labelled):
        job.add_argument("--target", required=True, help="place of a table of Spark's own")
        job.add_argument("--checkpoint", required=True, help="folder for the checkpoints of its queries")
        job.add_argument("--max-bytes", default="1g", help="of a source in one micro-batch, about")
    _add_profiles(jobs.add_parser("profiles", help="profiles and drift of windows of an inferences or labelled table"))
    bundle = jobs.add_parser("bundle", help="write what a cluster needs as one file: a wheel, and good for --py-files")
    bundle.add_argument("folder", type=Path)
    return whole


def _add_profiles(job: argparse.ArgumentParser) -> None:
    job.add_argument("--table", required=True, help="place of an inferences or labelled table, of either engine")
    job.add_argument("--target", required=True, help="place of a table of Spark's own, for profile_metrics")
    job.add_argument("--drift-target", help="place of another one, for drift_metrics; with a baseline")
    job.add_argument("--granularity", required=True, help="length of the windows: '1 hour', '30 minutes', '1 day'")
    job.add_argument("--start", help="of the first window; without it the last ones before the end: --last")
    job.add_argument("--end", help="of the last window; without it now, less --delay")
    job.add_argument("--last", type=int, default=1, help="so many windows before the end")
    job.add_argument("--delay", type=float, default=300.0, help="seconds that rows take to come")
    job.add_argument("--column", action="append", help="one to profile; without it all features and predictions")
    job.add_argument("--slice", action="append", default=[], help='a column, or a condition: "alcohol > 10"')
    job.add_argument("--by-version", action="store_true", help="each version of the service by itself as well")
    job.add_argument("--baseline-table", help="place of a Delta table to compare with")
    job.add_argument("--baseline-start", help="with its end: a span of that table, or of the one that is profiled")
    job.add_argument("--baseline-end")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one job; 0 where it is done."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    asked = parser().parse_args(arguments)
    try:
        return _bundle(asked) if asked.job == "bundle" else _run(asked)
    except Refused as error:
        print(f"penstock-spark: {error}", file=sys.stderr)
        return 2


def _bundle(asked: argparse.Namespace) -> int:
    from penstock_spark.bundle import write_bundle  # noqa: PLC0415 - not on clusters

    print(write_bundle(asked.folder))
    return 0


def _run(asked: argparse.Namespace) -> int:
    if asked.job == "profiles":
        return _profiles(asked)
    from penstock_spark.engine.inferences import InferencesJob, run_inferences  # noqa: PLC0415 - imports Spark
    from penstock_spark.engine.labelled import LabelledJob, run_labelled  # noqa: PLC0415
    from penstock_spark.engine.session import open_session, read_text  # noqa: PLC0415

    spark = open_session(f"penstock-spark {asked.job}")
    places = {"target": asked.target, "checkpoint": asked.checkpoint, "max_bytes": asked.max_bytes}
    if asked.job == "labelled":
        run_labelled(spark, LabelledJob(asked.inferences, asked.labels, interval_s=asked.interval, **places))
        return 0

    def signatures() -> KnownSignatures:
        return read_signatures(read_text(spark, asked.signatures)).known

    may_lack = asked.unknown_signatures == "nearest"
    run_inferences(spark, InferencesJob(asked.payload, signatures, may_lack, interval=asked.interval, **places))
    return 0


def _profiles(asked: argparse.Namespace) -> int:
    from penstock_spark.profile_options import read_options  # noqa: PLC0415 - needs NumPy, as other jobs do not

    options = read_options(asked, datetime.now(UTC))
    from penstock_spark.engine.profiles import run_profiles  # noqa: PLC0415 - imports Spark
    from penstock_spark.engine.session import open_session  # noqa: PLC0415

    run_profiles(open_session("penstock-spark profiles"), options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
