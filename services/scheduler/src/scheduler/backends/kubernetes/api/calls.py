"""How many calls were made to the API server, by verb and resource, in its own words: for quotas and for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}


class ApiCalls(Collector):
    """Counts calls; a call that was answered 401 and repeated counts twice."""

    def __init__(self) -> None:
        self._made: Counter[tuple[str, str]] = Counter()

    def count(self, method: str, path: str, query: Mapping[str, str]) -> None:
        """One was sent."""
        self._made[verb_and_resource(method, path, query)] += 1

    def collect(self) -> Iterator[Metric]:
        """The one family."""
        family = CounterMetricFamily(
            "penstock_scheduler_kubernetes_calls",
            "Calls to the API server; a watch or a log that is followed is one for as long as it lasts.",
            labels=("verb", "resource"),
        )
        for (verb, resource), number in self._made.items():
            family.add_metric((verb, resource), number)
        yield family


def verb_and_resource(method: str, path: str, query: Mapping[str, str]) -> tuple[str, str]:
    """`watch`, `pods`; `patch`, `deployments.apps`; `get`, `pods/log`. Names of objects are in neither."""
    first, *parts = path.strip("/").split("/")
    if first not in {"api", "apis"}:
        return VERBS.get(method, "get"), first
    group, parts = (f".{parts[0]}", parts[2:]) if first == "apis" else ("", parts[1:])
    if len(parts) > 2 and parts[0] == "namespaces":
        parts = parts[2:]
    resource, *rest = parts or [""]
    verb = VERBS.get(method) or ("watch" if query.get("watch") == "true" else "get" if rest else "list")
    return verb, resource + group + (f"/{rest[1]}" if len(rest) > 1 else "")
