"""The command line, run in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from penstock.cli import app
from running_services.running_controller import TOKEN


@dataclass
class CommandLine:
    """`penstock …` as a user with a configuration folder of their own gives it."""

    url: str
    config: Path

    async def __call__(self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None) -> Result:
        given = {"PENSTOCK_URL": self.url, "PENSTOCK_TOKEN": TOKEN, "XDG_CONFIG_HOME": str(self.config)}
        given |= {"PENSTOCK_HOME": str(self.config / "home"), **(env or {})}
        result = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=given)
        assert result.exit_code == code, (arguments, result.exit_code, result.output, result.exception)
        return result

    async def json(self, *arguments: str, env: Mapping[str, str] | None = None) -> Any:
        return json.loads((await self(*arguments, "-o", "json", env=env)).stdout)
