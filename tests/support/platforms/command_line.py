"""The command line, run in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from typer import testing

from penstock.cli import app
from running_services.running_controller import TOKEN

# Typer's runner would make the whole command line of its functions anew for each call, 0.1 s of the processor.
testing._get_command = cache(testing._get_command)  # type: ignore[attr-defined]


def invoke(*arguments: str, env: Mapping[str, str]) -> testing.Result:
    """`penstock …` with these settings."""
    return testing.CliRunner().invoke(app, list(arguments), env=env)


@dataclass
class CommandLine:
    """`penstock …` as a user with a configuration folder of their own gives it."""

    url: str
    config: Path

    async def __call__(self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None) -> testing.Result:
        given = {"PENSTOCK_URL": self.url, "PENSTOCK_TOKEN": TOKEN, "XDG_CONFIG_HOME": str(self.config)}
        given |= {"PENSTOCK_HOME": str(self.config / "home"), **(env or {})}
        result = await asyncio.to_thread(invoke, *arguments, env=given)
        assert result.exit_code == code, (arguments, result.exit_code, result.output, result.exception)
        return result

    async def json(self, *arguments: str, env: Mapping[str, str] | None = None) -> Any:
        return json.loads((await self(*arguments, "-o", "json", env=env)).stdout)
