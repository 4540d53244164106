"""Writes `.env.example`: every setting of every service with what it means and its default; `--check` compares only."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from shared.generated import write_or_compare

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / ".env.example"
SERVICES = ("controller", "scheduler", "router", "monitor", "inference_logger")
LAUNCHER = """\
# Every setting, with its default; made by `python deploy/env_example.py`. `./penstock up` sets addresses, credentials
# and databases itself; what else stands in its environment is passed on to the services.

# --- launcher
# Folder of everything that one platform keeps.
#PENSTOCK_HOME=.penstock
# Port of the control plane.
#PENSTOCK_API_PORT=8000
# Port of the data plane.
#PENSTOCK_PORT=8080
# Port of NATS.
#PENSTOCK_NATS_PORT=4222
# Port of the embedded MLflow.
#PENSTOCK_MLFLOW_PORT=5000
# Router processes, all on the one data-plane port.
#PENSTOCK_ROUTERS=1
# Inference-logger processes, which share the tables; more than one need PostgreSQL.
#PENSTOCK_INFERENCE_LOGGERS=1
"""
COMMON = ("PENSTOCK_HOME", "PENSTOCK_API_PORT", "PENSTOCK_PORT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def settings_class(service: str) -> type[BaseSettings]:
    """The one settings class that a service defines."""
    module = importlib.import_module(f"{service}.settings")
    (found,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseSettings) and value.__module__ == module.__name__
    )
    return found


def variables(settings: type[BaseSettings]) -> Iterator[tuple[str, FieldInfo]]:
    """(name of the environment variable, field), the service's own name first where a field has several."""
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            yield str(alias.choices[0]), field
        else:
            yield str(alias or f"{prefix}{name}".upper()), field


def shown(value: Any) -> str:
    """A default as it would be written in the environment."""
    if value is PydanticUndefined or value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}"
    if isinstance(value, (tuple, list, frozenset)):
        return ",".join(map(str, value))
    return str(value)


def rendered() -> str:
    """The file's text."""
    parts = [LAUNCHER]
    for service in SERVICES:
        parts.append(f"\n# --- {service.replace('_', '-')}\n")
        for name, field in variables(settings_class(service)):
            if name not in COMMON:
                parts.append(f"# {' '.join((field.description or '').split())}\n#{name}={shown(field.default)}\n")
    parts.append("\n# --- all services\n# Where traces go by OTLP over HTTP.\n#OTEL_EXPORTER_OTLP_ENDPOINT=\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(
        write_or_compare(
            TARGET, rendered, sys.argv[1:], ".env.example differs from the settings; run `python deploy/env_example.py`"
        )
    )
