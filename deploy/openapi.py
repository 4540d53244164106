"""Writes `docs/openapi.json`: the control plane's OpenAPI document; `--check` compares only.

The console's types are generated from it (`npm run types` in `console/`), so a route that changes breaks its build.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from controller.api.app import ApiAccess, build_api
from controller.api.dependencies import ApiDependencies
from controller.domain.access.roles import Principal
from shared.clock import Clock, SystemClock
from shared.errors import Unauthenticated
from shared.generated import write_or_compare
from shared.telemetry import Telemetry

TARGET = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


@dataclass(frozen=True)
class _NoDependencies:
    """What building the app touches of its dependencies; no request is ever made."""

    clock: Clock


class _Nobody:
    """Credentials of an app that nobody calls."""

    async def authenticate(self, token: str) -> Principal:
        raise Unauthenticated("Nobody signs in here")

    async def authenticate_session(self, secret: str, *, is_use: bool = True) -> Principal:
        raise Unauthenticated("Nobody signs in here")


def document() -> dict[str, Any]:
    """The OpenAPI document of an app that is built and never run."""
    dependencies = cast(ApiDependencies, _NoDependencies(SystemClock()))
    telemetry = Telemetry("controller", CollectorRegistry(), TracerProvider())
    app = build_api(dependencies, telemetry, ApiAccess(_Nobody()), lambda: True)
    return app.openapi()


def rendered() -> str:
    """The file's text: keys sorted, so that it changes only where the API does."""
    return json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(
        write_or_compare(
            TARGET,
            rendered,
            sys.argv[1:],
            "docs/openapi.json differs from the routes; `python deploy/openapi.py`, then `npm run types` in console/",
        )
    )
