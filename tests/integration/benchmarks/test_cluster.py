"""What the benchmark of a cluster is not begun on: figures of an API server that kwok cannot watch are kwok's alone."""

from __future__ import annotations

from benchmarks.cluster.kubectl import why_not_watched

ADDED = '{"type":"ADDED","object":{"kind":"Node","apiVersion":"v1","metadata":{"name":"node-1"}}}\n'
REFUSED = (  # by Kubernetes 1.34 on etcd 3.4.23
    '{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"a watch '
    "stream was requested by the client but the required storage feature RequestWatchProgress is disabled"
    '","reason":"InternalError","code":500}}'
)


def test_an_api_server_that_kwok_cannot_watch_is_named_with_the_way_out() -> None:
    assert why_not_watched(ADDED * 2) is None
    assert why_not_watched("") is None  # a cluster without nodes
    found = why_not_watched(REFUSED)
    assert found is not None
    assert "RequestWatchProgress is disabled" in found
    assert "3.5.13" in found
