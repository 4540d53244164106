"""Where the environment variables of a version stand in a body."""

from __future__ import annotations

from typing import Any

import pytest

from controller.domain.registries.environment import move_env_out_of_source
from shared.errors import InvalidInput


def test_variables_beside_the_model_are_those_of_the_version() -> None:
    assert move_env_out_of_source({"name": "v1", "model_source": {"model": "wine", "env": {"A": "1"}}}) == {
        "name": "v1",
        "model_source": {"model": "wine"},
        "env": {"A": "1"},
    }


@pytest.mark.parametrize(
    "body", [{"env": {"A": "1"}, "model_source": {"model": "wine"}}, {"model_source": 5}, [], None]
)
def test_a_body_without_variables_beside_the_model_stays_as_it_is(body: Any) -> None:
    assert move_env_out_of_source(body) is body


@pytest.mark.parametrize("env", [{"A": "1"}, {}, None])
def test_variables_in_both_places_are_refused(env: Any) -> None:
    with pytest.raises(InvalidInput, match="Give env once"):
        move_env_out_of_source({"env": env, "model_source": {"env": {"A": "1"}}})
