"""Fixtures of the tests against a real cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kubernetes_world.cluster import a_namespace, why_no_cluster


@pytest.fixture(scope="session")
def cluster() -> None:
    """A cluster answers, and has the image of fake pods."""
    if why := why_no_cluster():
        pytest.skip(why)


@pytest.fixture
async def namespace(cluster: None) -> AsyncIterator[str]:
    """A namespace whose pods are held to the pod security level `restricted`."""
    async with a_namespace() as name:
        yield name
