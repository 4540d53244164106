"""A router opens a connection to a pod's address, and says in words why it cannot."""

from __future__ import annotations

import socket

import pytest

from router.reach import reach
from servers.ports import free_port
from shared.contracts.rpc.router import ReachAnswer, ReachQuery


async def test_an_address_that_listens_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as pod:
        address = f"127.0.0.1:{pod.getsockname()[1]}"
        assert await reach("router-1", ReachQuery(address=address)) == ReachAnswer(router="router-1")


@pytest.mark.parametrize(("address", "why"), [(":{port}", "refused"), (":70000", "port"), ("nowhere.invalid:80", "")])
async def test_another_is_not_and_that_is_said_in_words(address: str, why: str) -> None:
    at = address.format(port=free_port())
    answer = await reach("router-1", ReachQuery(address=at if at[0] != ":" else f"127.0.0.1{at}"))
    assert answer.problem
    assert why in answer.problem
    assert "127.0.0.1" not in answer.problem
