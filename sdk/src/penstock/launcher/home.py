"""Where one platform lives: its folder and its four ports. Reads the environment once; creates the folder private."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

HOST = "127.0.0.1"


class LaunchError(Exception):
    """The platform cannot be brought up or reached; the message is one line for the user."""


@dataclass(frozen=True)
class Ports:
    """The doors that people know."""

    api: int = 8000
    data: int = 8080
    nats: int = 4222
    mlflow: int = 5000


@dataclass(frozen=True)
class Home:
    """One platform's folder (`PENSTOCK_HOME`) and ports (`PENSTOCK_API_PORT`, `PENSTOCK_PORT`, …)."""

    path: Path
    ports: Ports
    routers: int = 1
    """Router processes, all on the one listening socket (`PENSTOCK_ROUTERS`)."""
    inference_loggers: int = 1
    """Inference-logger processes, which share the tables (`PENSTOCK_INFERENCE_LOGGERS`)."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Home:
        """Defaults: `.penstock` in the folder where the command was given; ports of the documentation."""
        ports = Ports(
            api=_port(environ, "PENSTOCK_API_PORT", Ports.api),
            data=_port(environ, "PENSTOCK_PORT", Ports.data),
            nats=_port(environ, "PENSTOCK_NATS_PORT", Ports.nats),
            mlflow=_port(environ, "PENSTOCK_MLFLOW_PORT", Ports.mlflow),
        )
        home = Path(environ.get("PENSTOCK_HOME") or default_path()).absolute()
        return cls(home, ports, _count(environ, "PENSTOCK_ROUTERS"), _count(environ, "PENSTOCK_INFERENCE_LOGGERS"))

    def at(self, ports: Mapping[str, int]) -> Home:
        """The same home with the ports that its platform runs on."""
        return replace(self, ports=replace(self.ports, **ports))

    def create(self) -> None:
        """Make the folders; what lies in them holds secrets, so others may not look in."""
        for folder in (self.path, self.run, self.logs, self.path / "nats", self.path / "mlflow"):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except FileExistsError:
                raise LaunchError(f"{folder} is no folder: move it away, or restore it from a backup") from None
            except OSError as error:
                raise LaunchError(f"cannot use {self.path} as PENSTOCK_HOME: {error.strerror}") from None

    @property
    def run(self) -> Path:
        """What describes the run in progress: lock, state."""
        return self.path / "run"

    @property
    def logs(self) -> Path:
        """Output of every process."""
        return self.path / "logs"

    @property
    def admin_token(self) -> Path:
        """The first token; the controller writes it at its first start."""
        return self.path / "admin-token"

    @property
    def api_url(self) -> str:
        """Control plane."""
        return f"http://{HOST}:{self.ports.api}"

    @property
    def mlflow_url(self) -> str:
        """Embedded MLflow."""
        return f"http://{HOST}:{self.ports.mlflow}"


def default_path() -> Path:
    """`.penstock` beside the launcher script where this runs out of a checkout, else in the current folder."""
    return (checkout() or Path.cwd()) / ".penstock"


def checkout() -> Path | None:
    """The repository that this package is run out of, if it is."""
    root = Path(__file__).resolve().parents[4]
    return root if (root / "penstock").is_file() and (root / "uv.lock").is_file() else None


def _count(environ: Mapping[str, str], name: str) -> int:
    text = environ.get(name) or "1"
    if not text.isdecimal() or not 0 < int(text) <= 64:
        raise LaunchError(f"{name} must be a number from 1 to 64, not {text!r}")
    return int(text)


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise LaunchError(f"{name} must be a port number, not {text!r}")
    return int(text)
