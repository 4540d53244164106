"""Writes `docs/openapi.json`: the control plane's OpenAPI document; `--check` compares only.

The console's types are generated from it (`npm run types` in `console/`), so a route that changes breaks its build.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from controller.api.app import ApiAccess, build_api
from controller.api.dependencies import ApiDependencies
from shared.clock import SystemClock
from shared.generated import write_or_compare
from shared.telemetry import Telemetry

TARGET = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def document() -> dict[str, Any]:
    """The OpenAPI document of an app that is built and never run."""
    touched = SimpleNamespace(clock=SystemClock(), authenticator=None, console_url=None)  # no request is ever made
    telemetry = Telemetry("controller", CollectorRegistry(), TracerProvider())
    app = build_api(cast(ApiDependencies, touched), telemetry, ApiAccess(), lambda: True)
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
