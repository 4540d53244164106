"""Makes the homes of an earlier release that `test_upgrade.py` starts with today's code.

Run with the code of that release, in its checkout: `python tests/e2e/upgrade/make_homes.py FOLDER` writes
`sqlite.tar.xz` and `postgresql.tar.xz` (the home, and with PostgreSQL a dump of each service's database) to FOLDER.
Both are of the commit before the newest larger change; older ones go on under what they lack (`…-payload-only`).

Each home holds services `double` and `triple` (recorded, one version each), one key for each, ten rows in each payload
table, and five answered requests of each service that are in the router's spool alone: the bus is frozen when they
come, and everything is killed before it thaws.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from platforms.running_platform import Platform, until
from servers.postgres_process import PostgresProcess

SERVICES = {"double": 2.0, "triple": 3.0}
STORED, SPOOLED = 10, 5
DATABASES = ("controller", "scheduler", "monitor", "inference-logger")
LEFT_OUT = ("logs", "run", "envs")

MODEL = """
import mlflow


class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["x"] * {factor}


mlflow.models.set_model(Model())
"""

REGISTER = """
import sys, mlflow, pandas as pd
uri, script, name = sys.argv[1:]
mlflow.set_tracking_uri(uri)
x = pd.DataFrame({"x": [1.0]})
with mlflow.start_run():
    mlflow.pyfunc.log_model(name="model", python_model=script, registered_model_name=name,
        signature=mlflow.models.infer_signature(x, pd.Series([2.0])), pip_requirements=["mlflow", "pandas"])
"""


def register(platform: Platform, folder: Path) -> None:
    """One model a service, which any Python and any pandas can serve."""
    for name, factor in SERVICES.items():
        script = folder / f"{name}.py"
        script.write_text(MODEL.format(factor=factor))
        environment = os.environ | {"MLFLOW_UV_AUTO_DETECT": "false", "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-c", REGISTER, platform.mlflow_url, str(script), name]
        subprocess.run(command, check=True, env=environment, cwd=folder)
    for path in (platform.home / "mlflow/artifacts").rglob("*"):
        if path.name in {"MLmodel", "python_env.yaml", "conda.yaml"}:
            lines = path.read_text().splitlines(keepends=True)
            path.write_text("".join(line for line in lines if not re.match(r"\s*-?\s*python(_version)?[:=]", line)))


def call(platform: Platform, service: str, key: str, number: int) -> None:
    """One request, which must be answered rightly."""
    body = {"dataframe_split": {"columns": ["x"], "data": [[number]]}, "client_request_id": f"{service}-{number}"}
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.post(f"{platform.data_url}/{service}/predict", json=body, headers=headers, timeout=30)
    assert answer.json() == {"predictions": [SERVICES[service] * number]}, answer.text


def fill(platform: Platform, folder: Path) -> dict[str, str]:
    """Publish, call, and leave requests in the spool; the keys by service."""
    platform.up()
    register(platform, folder)
    keys = {name: platform.publish(name, name) for name in SERVICES}
    for service, key in keys.items():
        for number in range(STORED):
            call(platform, service, key, number)
    stored = lambda: all(rows(platform, service) == STORED for service in SERVICES)  # noqa: E731
    until(stored, within=60, what="every request is a row")
    platform.kill("nats", signal.SIGSTOP)
    for service, key in keys.items():
        for number in range(STORED, STORED + SPOOLED):
            call(platform, service, key, number)
    end(platform.home)
    return keys


def rows(platform: Platform, service: str) -> int:
    """Rows that answered a prediction; those that tried the key out are left aside."""
    return sum(row["status_code"] == 200 for row in platform.payload_rows(service))


def end(home: Path) -> None:
    """Kill every process that knows the home."""
    processes = [p for p in psutil.process_iter() if p.pid != os.getpid() and knows(p, home)]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)


def knows(process: psutil.Process, home: Path) -> bool:
    """Whether a process belongs to the platform of `home`."""
    try:
        words = " ".join(process.cmdline()) + process.cwd() + process.environ().get("PENSTOCK_HOME", "")
    except psutil.Error:
        return False
    return str(home) in words


def pack(home: Path, keys: dict[str, str], target: Path) -> None:
    """The home as an archive, without what every start makes anew."""
    (home / "keys.json").write_text(json.dumps(keys))
    for name in LEFT_OUT:
        shutil.rmtree(home / name, ignore_errors=True)
    with tarfile.open(target, "w:xz", preset=9) as archive:
        archive.add(home, "home")


def main(target: Path) -> None:
    """Both archives."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        platform = Platform(Path(name) / "home")
        keys = fill(platform, Path(name))
        pack(platform.home, keys, target / "sqlite.tar.xz")
    postgres = PostgresProcess()
    with tempfile.TemporaryDirectory() as name:
        try:
            postgres.start()
            with postgres.database() as a, postgres.database() as b, postgres.database() as c, postgres.database() as d:
                urls = dict(zip(DATABASES, (a, b, c, d), strict=True))
                variables = {f"{k.upper().replace('-', '_')}_DATABASE_URL": url for k, url in urls.items()}
                platform = Platform(Path(name) / "home", settings=variables)
                keys = fill(platform, Path(name))
                for service, url in urls.items():
                    dump(postgres, url, platform.home / f"{service}.sql")
                pack(platform.home, keys, target / "postgresql.tar.xz")
        finally:
            postgres.close()


def dump(postgres: PostgresProcess, url: str, target: Path) -> None:
    """One database as SQL."""
    name = url.rsplit("/", 1)[1].split("?", maxsplit=1)[0]
    command = [str(postgres.binaries / "pg_dump"), "-h", str(postgres.folder), "-U", "postgres", "--no-owner", name]
    target.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
