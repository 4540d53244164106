"""The chart's network policies let each part be reached by who needs it, and by nobody else."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from kubernetes_world.chart import Manifest, named, pods, rendered
from penstock.launcher.bus.rights import SERVICES
from penstock.launcher.postgresql import OWNERS


@dataclass(frozen=True)
class Place:
    """Where traffic comes from or goes to."""

    labels: dict[str, str]
    namespace: str


def places(documents: list[Manifest]) -> dict[str, Place]:
    """Component → its pods; of models as the scheduler makes them."""
    (scheduler,) = pods(documents)["scheduler"]["spec"]["containers"]
    told = {each["name"]: each.get("value") for each in scheduler["env"]}
    home = told["SCHEDULER_KUBERNETES_SUPPLY_URL"].split(".")[1]
    found = {name: Place(template["metadata"]["labels"], home) for name, template in pods(documents).items()}
    model = {"app.kubernetes.io/part-of": "penstock", "app.kubernetes.io/component": "model"}
    namespace = told["SCHEDULER_KUBERNETES_NAMESPACE"]
    image = {**model, "penstock.io/source": "image"}
    return {**found, "model": Place(model, namespace), "image": Place(image, namespace)}


def is_let_through(documents: list[Manifest], source: Place, target: Place, port: int) -> bool:
    """As a network decides that enforces the policies: out of the source's pods, and into the target's."""
    home = places(documents)["scheduler"].namespace

    def is_selected(policy: Manifest, place: Place) -> bool:
        wanted = policy["spec"]["podSelector"].get("matchLabels", {})
        is_there = policy["metadata"].get("namespace", home) == place.namespace
        return bool(is_there and wanted.items() <= place.labels.items())

    def suits(peer: Manifest, place: Place, own: str) -> bool:
        if "ipBlock" in peer:
            return False
        names = {"kubernetes.io/metadata.name": place.namespace}
        wanted = peer.get("namespaceSelector", {"matchLabels": {"kubernetes.io/metadata.name": own}})
        return bool(
            wanted.get("matchLabels", {}).items() <= names.items()
            and peer.get("podSelector", {}).get("matchLabels", {}).items() <= place.labels.items()
        )

    def lets(direction: str, peers: str, selected: Place, other: Place) -> bool:
        policies = [
            each
            for each in named(documents, "NetworkPolicy").values()
            if direction in each["spec"]["policyTypes"] and is_selected(each, selected)
        ]
        rules = [rule for each in policies for rule in each["spec"].get(direction.lower()) or []]
        return not policies or any(
            ("ports" not in rule or port in [each["port"] for each in rule["ports"]])
            and (peers not in rule or any(suits(peer, other, selected.namespace) for peer in rule[peers]))
            for rule in rules
        )

    return lets("Egress", "to", source, target) and lets("Ingress", "from", target, source)


NEEDED = (
    *((service, "nats", 4222) for service in SERVICES),
    ("nats", "nats", 6222),
    *((owner, "postgresql", 5432) for owner in (*OWNERS, "databases")),
    ("controller", "mlflow", 5000),
    ("scheduler", "mlflow", 5000),
    ("controller", "router", 8080),
    ("router", "model", 8080),
    ("scheduler", "model", 8080),
    ("model", "scheduler", 9112),
    ("router", "image", 3000),
    ("scheduler", "image", 3000),
    ("image", "scheduler", 9112),
    ("inference-logger", "object-store", 8333),
    ("monitor", "object-store", 8333),
    ("controller", "object-store", 8333),
)
REFUSED = (
    *(("model", target, port) for target, port in (("nats", 4222), ("postgresql", 5432), ("mlflow", 5000))),
    *(("model", target, port) for target, port in (("controller", 8000), ("router", 8080), ("model", 8080))),
    *(("model", target, port) for target, port in (("scheduler", 9102), ("router", 9103), ("object-store", 8333))),
    ("image", "nats", 4222),
    ("image", "image", 3000),
    ("model", "image", 3000),
    ("controller", "image", 3000),
    ("router", "postgresql", 5432),
    ("router", "mlflow", 5000),
    ("router", "controller", 8000),
    ("mlflow", "nats", 4222),
    ("monitor", "nats", 6222),
    ("controller", "model", 8080),
    ("postgresql", "nats", 4222),
)


@pytest.mark.parametrize("variant", ["manifests.yaml", "by address", "grown"])
def test_policies_let_through_what_is_needed_and_nothing_of_the_rest(variant: str) -> None:
    documents = rendered(variant)
    there = places(documents)
    for source, target, port in (each for each in NEEDED if there.keys() >= {each[0], each[1]}):
        assert is_let_through(documents, there[source], there[target], port), (source, target, port)
    for source, target, port in (each for each in REFUSED if there.keys() >= {each[0], each[1]}):
        assert not is_let_through(documents, there[source], there[target], port), (source, target, port)
