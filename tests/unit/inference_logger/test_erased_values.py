"""What JSON says of a column, by whatever somebody writes the value as."""

from __future__ import annotations

import pytest

from inference_logger.domain.erasures import holds_value


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ('{"who":"x"}', "who", "x"),
        ('[{"a":{"who":["y","x"]}}]', "who", "x"),
        ('{"who":[[1],[7]]}', "who", "7"),
        ('{"who":7.0}', "who", "7"),
        ('{"who":7}', "who", "7.0"),
        ('{"who":true}', "who", "True"),
        ('["x"]', "", "x"),
    ],
)
def test_a_value_is_found(text: str, name: str, value: str) -> None:
    assert holds_value(text, {name}, {value})
    assert not holds_value(text, {"other"}, {value})
    assert not holds_value(text, {name}, {"z"})


@pytest.mark.parametrize("text", ["{", "", '"x', '{"x":"who"}', '{"who":{"id":"x"}}', '{"who":null}'])
def test_what_does_not_say_it_is_left(text: str) -> None:
    assert not holds_value(text, {"who"}, {"x", "null"})
