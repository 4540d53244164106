"""`.env.example`, the launcher and the services' settings say the same."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import AliasChoices

from penstock.launcher.bus.config import Credentials
from penstock.launcher.bus.rights import SERVICES
from penstock.launcher.home import Home, Ports
from penstock.launcher.processes import overridable_settings, service_settings

ROOT = Path(__file__).parents[2]


def env_example() -> Any:
    spec = importlib.util.spec_from_file_location("env_example", ROOT / "deploy/env_example.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["env_example"] = module
    spec.loader.exec_module(module)
    return module


def known(service: str) -> set[str]:
    """Every environment variable that a service reads."""
    settings = env_example().settings_class(service.replace("-", "_"))
    prefix = settings.model_config["env_prefix"]
    names = {f"{prefix}{name}".upper() for name, field in settings.model_fields.items() if not field.validation_alias}
    for field in settings.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            names |= {str(choice) for choice in field.validation_alias.choices}
        elif field.validation_alias:
            names.add(str(field.validation_alias))
    return names


def test_the_example_is_current() -> None:
    assert (ROOT / ".env.example").read_text() == env_example().rendered()


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_is_explained(service: str) -> None:
    for name, field in env_example().variables(env_example().settings_class(service.replace("-", "_"))):
        assert field.description, name


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_launcher_sets_is_read(service: str) -> None:
    home = Home(Path("/home"), Ports())
    credentials = Credentials(dict.fromkeys(SERVICES, "x"))
    said = service_settings(home, credentials, service, 20_000).keys() | overridable_settings(home, service, {}).keys()

    assert said - known(service) == set()
