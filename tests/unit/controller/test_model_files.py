"""What a model's files say of it, as `GET /models` shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from controller.domain.registries.model_files import plain_json, requirements_of
from shared.security.bounded_yaml import MAX_DEPTH


def test_requirements_without_comments_and_credentials() -> None:
    text = (
        b"# ours\n--extra-index-url https://builder:s3cret@host/simple\n\n-f https://h/w?token=s3cret\nnumpy==2.0\n"
        b"git+https://s3cret@h/o/r.git@v1\n"
    )
    assert requirements_of(text) == (
        "--extra-index-url https://****@host/simple",
        "-f https://h/w?token=****",
        "numpy==2.0",
        "git+https://****@h/o/r.git@v1",
    )
    assert requirements_of(None) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_requirements_in_other_encodings(encoding: str) -> None:
    assert requirements_of("numpy==2.0\n".encode(encoding)) == ("numpy==2.0",)


@pytest.mark.parametrize("one_deeper", [lambda value: [value], lambda value: {"a": value}])
def test_json_is_read_as_deep_as_the_data_plane_takes_it(one_deeper: Callable[[Any], Any]) -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = one_deeper(value)
    assert plain_json(json.dumps(value)) == value
    assert plain_json(json.dumps(one_deeper(value))) is None


def test_what_is_no_json_is_absent_and_numbers_that_json_lacks_are_null() -> None:
    assert plain_json('{"a": [NaN, Infinity, 1.5]}') == {"a": [None, None, 1.5]}
    assert plain_json("{") is plain_json(None) is None
