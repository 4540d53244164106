"""`penstock-spark JOB …`, and what `spark-submit` runs: see docs/spark.md."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from inference_logger.domain.inferences.signatures import KnownSignatures
from penstock_spark.errors import Refused
from penstock_spark.signatures import read_signatures


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    whole = argparse.ArgumentParser(prog="penstock-spark", description="Inference tables made with Spark.")
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
    bundle = jobs.add_parser("bundle", help="write what a cluster needs as one file: a wheel, and good for --py-files")
    bundle.add_argument("folder", type=Path)
    return whole


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


if __name__ == "__main__":
    sys.exit(main())
