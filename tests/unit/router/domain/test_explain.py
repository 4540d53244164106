"""What a client is told of a path that leads nowhere."""

from __future__ import annotations

from uuid import UUID

import pytest

from router.domain.routes.explain import explain_missing, names_unknown_service
from router.domain.routes.table import RouteTable
from router.domain.traffic_counters import TrafficTallies
from shared.contracts.routes import Intent, VersionRoute
from shared.ids import new_id


def table() -> RouteTable:
    """With the service `wine` and its version `v1`."""
    found = RouteTable(TrafficTallies())
    route = VersionRoute(version_id=new_id(), version="v1", model="wine/1", weight=100)
    intent = Intent(service_id=UUID(int=1), service="wine", revision=1, auth_enabled=True, versions=(route,))
    found.apply("intent.wine", intent.model_dump_json().encode())
    return found


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (b"/tea/predict", "There is no service 'tea' here."),
        (b"/", "There is no service '' here."),
        (b"/wine/versions/v2/predict", "Service 'wine' has no running version 'v2'."),
        (b"/wine/versions/v1/explain", "Service 'wine' has no path '/versions/v1/explain'."),
        (b"/wine/versions", "Service 'wine' has no path '/versions'."),
        (b"/wine/v2/models", "Service 'wine' has no path '/v2/models'."),
        (b"/wine", "Service 'wine' has no path '/'."),
    ],
)
def test_what_does_not_exist_is_named(path: bytes, said: str) -> None:
    assert explain_missing(table(), path) == said


@pytest.mark.parametrize(
    ("path", "is_unknown"),
    [
        (b"/tea/predict", True),
        (b"/tea", False),
        (b"/Tea!/predict", False),
        (b"/wine/explain", False),
        (b"/wine/versions/v2/predict", True),
        (b"/wine/versions/v2", False),
        (b"/wine/versions/v1/explain", False),
        (b"/wine/v2/models/x", False),
    ],
)
def test_only_a_service_or_version_that_may_come_is_looked_for_again(path: bytes, is_unknown: bool) -> None:
    assert names_unknown_service(table(), path) is is_unknown
