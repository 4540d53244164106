"""Brings a Spark of one machine, with Delta Lake, into `.venv-spark`: `python deploy/spark.py`.

For tests, and to try jobs; no part of an installation: it is 480 MB. Packages come from `uv.lock`, jars through Ivy,
which Spark ships; both are checked against their hashes. Prints the environment's Python, and what hands the jars over.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
LEAST_JAVA = 17
SCALA = "2.13"
DELTA = "4.4.0"
JARS = {
    f"delta-spark_4.1_{SCALA}": "75a9400986853c061f5109f012547de2545a5759e5e752e5ef633dabe16a4f10",
    "delta-storage": "c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc",
}
"""Artifacts of `io.delta`, and their sha256."""


EXPORT = ("--frozen", "--package", "penstock-spark", "--extra", "local", "--no-emit-workspace", "--quiet")


class NoSpark(Exception):
    """Why there is none; one line."""


@dataclass(frozen=True)
class LocalSpark:
    """An environment with Spark, and what has to be handed over to it."""

    folder: Path
    java: Path

    @property
    def python(self) -> Path:
        """With `pyspark`."""
        return self.folder / "bin/python"

    @property
    def jars(self) -> str:
        """As `spark.jars` takes them."""
        return ",".join(str(self.folder / "jars" / f"{name}-{DELTA}.jar") for name in JARS)


def find_java() -> Path:
    """A Java that is new enough. Raises `NoSpark`."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if found is None:
        raise NoSpark(f"there is no Java {LEAST_JAVA} or later")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    number = re.search(r'version "(\d+)', said)
    if number is None or int(number[1]) < LEAST_JAVA:
        raise NoSpark(f"Java {LEAST_JAVA} or later is needed; {found} is {number[1] if number else 'no Java'}")
    return Path(found)


def bring(root: Path = ROOT) -> LocalSpark:
    """The environment; made where there is none, or another one than `uv.lock` says. Raises `NoSpark`."""
    spark = LocalSpark(root / ".venv-spark", find_java())
    uv = str(Path(sys.executable).parent / "uv")
    wanted = _run(uv, "export", "--project", str(root), *EXPORT)
    stamp = hashlib.sha256(f"{wanted}{sys.version}{sorted(JARS.items())}{DELTA}".encode()).hexdigest()
    spark.folder.mkdir(exist_ok=True)
    with (spark.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = spark.folder / "penstock-stamp"
        if not made.exists() or made.read_text() != stamp:
            _make(spark, uv, wanted)
            made.write_text(stamp)
    return spark


def _make(spark: LocalSpark, uv: str, wanted: str) -> None:
    requirements = spark.folder / "requirements.txt"
    requirements.write_text(wanted)
    if not spark.python.exists():
        _run(uv, "venv", "--allow-existing", "--quiet", "--python", sys.executable, str(spark.folder))
    # Spark is built by setuptools, for which uv leaves a lock in the temporary folder.
    with TemporaryDirectory() as temporary:
        sync = (uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(spark.python), str(requirements))
        _run(*sync, environ={**os.environ, "TMPDIR": temporary})
    for name, sha256 in JARS.items():
        _bring_jar(spark, name, sha256)


def _bring_jar(spark: LocalSpark, name: str, sha256: str) -> None:
    folder = spark.folder / "jars"
    jar = folder / f"{name}-{DELTA}.jar"
    if not jar.exists() or hashlib.sha256(jar.read_bytes()).hexdigest() != sha256:
        ivy = next(spark.folder.glob("lib/python*/site-packages/pyspark/jars/ivy-*.jar"))
        wanted = ("-dependency", "io.delta", name, DELTA, "-notransitive", "-types", "jar")
        _run(str(spark.java), "-jar", str(ivy), *wanted, "-retrieve", f"{folder}/[artifact]-[revision].[ext]")
    found = hashlib.sha256(jar.read_bytes()).hexdigest()
    if found != sha256:
        jar.unlink()
        raise NoSpark(f"{jar.name} has sha256 {found}, {sha256} is pinned; refused")


def _run(*command: str, environ: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)  # noqa: S603
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise NoSpark(f"`{Path(command[0]).name} {command[1]}` failed: {' '.join(last)[:300]}")
    return done.stdout


def main() -> int:
    """Bring it, and say where it is."""
    try:
        spark = bring()
    except NoSpark as error:
        print(f"no Spark: {error}", file=sys.stderr)
        return 1
    print(f"{spark.python}\n--jars {spark.jars}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
