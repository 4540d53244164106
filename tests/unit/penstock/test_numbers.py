"""Numbers that JSON does not have end in one line, before anything is sent."""

from __future__ import annotations

import math

import pytest

from penstock.client import Client
from penstock.client.errors import InvalidRequest


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_refused_here(number: float) -> None:
    with (
        Client("http://127.0.0.1:1", "psk_token") as client,
        pytest.raises(InvalidRequest, match="is not a finite number") as refused,
    ):
        client.create_service({"name": "a", "sizes": [{"cpu": number}]})
    assert refused.value.status == 400
