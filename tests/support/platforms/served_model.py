"""A published model under a bounded load: who answered what, and which rows came of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from platforms.running_platform import Answer, Caller, Platform, until

RATE = 40.0
"""Requests per second: the machine has other things to do, and the question is what is lost, not how fast it is."""


def wine_body() -> dict[str, Any]:
    """One row of the set that the model was trained with."""
    from sklearn.datasets import load_wine  # noqa: PLC0415 - importing it takes a second

    features = load_wine(as_frame=True).frame.drop(columns="target")
    return {"dataframe_split": {"columns": list(features.columns), "data": features.head(1).to_numpy().tolist()}}


@dataclass
class ServedModel:
    """One version of one service, and a key to it."""

    platform: Platform
    service: str
    key: str
    replicas: int

    @classmethod
    def publish(cls, platform: Platform, service: str, model: str, *, replicas: int = 1) -> ServedModel:
        key = platform.publish(service, model, replicas=replicas)
        return cls(platform, service, key, replicas)

    @asynccontextmanager
    async def under_load(self, name: str, rate: float = RATE) -> AsyncIterator[Caller]:
        """Requests at a steady rate, from a second before to two seconds after; each has its answer at the end."""
        caller = Caller(f"{self.platform.data_url}/{self.service}/predict", self.key, wine_body(), rate, name)
        stop = asyncio.Event()
        load = asyncio.create_task(caller.run(stop))
        try:
            await answers(caller, int(rate))
            yield caller
            await answers(caller, int(2 * rate))
        finally:
            stop.set()
            await load
        print(figures(name, caller.ledger))

    def pods(self) -> list[dict[str, Any]]:
        """The pods as the scheduler sees them now."""
        items: list[dict[str, Any]] = self.platform.api("GET", f"/services/{self.service}/versions/v1/pods")["items"]
        return items

    def ready_pods(self) -> set[str]:
        return {pod["name"] for pod in self.pods() if pod["ready"]}

    def wait_whole(self, within: float = 60) -> None:
        """The state has converged: every pod is ready, and the control plane knows it."""

        def is_whole() -> bool:
            version = self.platform.api("GET", f"/services/{self.service}/versions/v1")
            return (version["status"], version["ready_replicas"]) == ("running", self.replicas)

        until(is_whole, within=within, what=f"{self.service} whole again")
        until(lambda: len(self.ready_pods()) == self.replicas, within=within, what="every pod ready")

    def rows(self, caller: Caller) -> Counter[str]:
        """Client's request id → its rows with status 200."""
        return Counter(
            row["client_request_id"]
            for row in self.platform.payload_rows(self.service)
            if row["status_code"] == 200 and (row["client_request_id"] or "").startswith(f"{caller.name}-")
        )

    def wait_rows(self, caller: Caller, answers: list[Answer], within: float = 60) -> None:
        """Each of these answers has a row."""
        wanted = ids(answers)
        until(lambda: wanted <= self.rows(caller).keys(), within=within, every=0.5, what="a row for every answer")

    def rows_equal_ledger(self, caller: Caller) -> None:
        """Exactly one row for each 2xx of the ledger, and none besides."""
        self.wait_rows(caller, caller.ledger)
        assert self.rows(caller) == Counter(ids(caller.ledger))


def ids(answers: list[Answer]) -> set[str]:
    """Names of the requests that were answered with 200."""
    return {answer.client_request_id for answer in answers if answer.status == 200}


async def answers(caller: Caller, more: int) -> None:
    """Wait until so many more requests have been answered, one way or another."""
    wanted = len(caller.ledger) + more
    await eventually(lambda: len(caller.ledger) >= wanted)


async def eventually(condition: Callable[[], bool], within: float = 60) -> None:
    """Wait for what the load itself brings about."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.02)


def figures(what: str, answers: list[Answer]) -> str:
    """A line about the answers, for whoever reads the test's output."""
    cuts = quantiles((answer.took_s * 1000 for answer in answers), n=100)
    statuses = dict(Counter(answer.status for answer in answers))
    return f"{what}: {statuses}, median {cuts[49]:.1f} ms, 99 % within {cuts[98]:.1f} ms"
