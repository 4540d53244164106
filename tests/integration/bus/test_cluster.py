"""Three servers with the configuration of the Helm chart: streams and buckets on all of them, and one is killed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext

from penstock.launcher.bus.cluster_config import PID_FILE, STORE, password_variable, render_for_cluster
from penstock.launcher.bus.config import USERS
from servers.nats_process import NatsProcess
from servers.ports import free_port
from shared.bus import bootstrap
from shared.bus.connection.client import inbox_prefix
from shared.bus.nats_errors import NATS_ERRORS
from shared.bus.topology import BUCKETS, STREAMS, durables_of
from waiting.eventually import eventually

CLUSTER = """cluster: {
  name: penstock, listen: "127.0.0.1:%d", no_advertise: true
  authorization: {user: cluster, password: $NATS_CLUSTER_PASSWORD}
  routes: [$NATS_ROUTE_0, $NATS_ROUTE_1, $NATS_ROUTE_2]
}
"""


@dataclass
class ClusterMember(NatsProcess):
    """One server, as a pod of the chart would run it."""

    number: int = 0
    routes: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"penstock-nats-{self.number}"

    def start(self) -> None:
        """Start, and wait until it serves."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = (
            render_for_cluster().replace("0.0.0.0:4222", f"127.0.0.1:{self.port}").replace('http: "0.0.0.0:8222"', "")
        )
        text = text.replace(STORE, f"{self.folder}/store").replace(PID_FILE, f"{self.folder}/nats.pid")
        (self.folder / "nats.conf").write_text(text)
        (self.folder / "cluster.conf").write_text(CLUSTER % self.routes[self.number])
        given = {password_variable(user): f"p{user}".replace("-", "") for user in (*USERS, "cluster")}
        given |= {f"NATS_ROUTE_{n}": f"nats://cluster:pcluster@127.0.0.1:{port}" for n, port in enumerate(self.routes)}
        binary = Path(sys.executable).with_name("nats-server")
        command: list[str | Path] = [binary, "-c", self.folder / "nats.conf"]
        self.launch(command, within=10, environment={**given, "NATS_SERVER_NAME": self.name})


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[ClusterMember]]:
    routes = [free_port() for _ in range(3)]
    made = [ClusterMember(tmp_path / str(number), number=number, routes=routes) for number in range(3)]
    try:
        for each in made:
            each.start()
        yield made
    finally:
        for each in made:
            each.kill()


async def ensured(js: JetStreamContext, replicas: int) -> list[str] | None:
    """What was changed; None while the servers have not found each other."""
    try:
        return await bootstrap.ensure_topology(js, durables_of("controller"), replicas=replicas)
    except NATS_ERRORS:
        return None


async def replicas_of(js: JetStreamContext) -> set[int | None]:
    names = [*(stream.name for stream in STREAMS), *(f"KV_{bucket.bucket}" for bucket in BUCKETS)]
    return {(await js.stream_info(name)).config.num_replicas for name in names}


async def leader_of_whole(js: JetStreamContext, stream: str) -> str | None:
    """The server that leads a stream, once the others have all of it: before that none could take over."""
    found = (await js.stream_info(stream)).cluster
    others = (found.replicas or []) if found else []
    is_whole = len(others) == 2 and all(each.current for each in others)
    return found.leader if found and is_whole else None


async def test_streams_and_buckets_come_to_all_servers_and_outlive_one(members: list[ClusterMember]) -> None:
    client = await nats.connect(
        [f"nats://controller:pcontroller@127.0.0.1:{each.port}" for each in members],
        inbox_prefix=inbox_prefix("controller"),
        reconnect_time_wait=0.1,
        max_reconnect_attempts=-1,
    )
    try:
        js = client.jetstream(timeout=2)
        await eventually(lambda: ensured(js, 1), within=20)
        assert await replicas_of(js) == {1}

        await eventually(lambda: ensured(js, 3), within=20)
        assert await replicas_of(js) == {3}
        assert await ensured(js, 3) == []

        leader = await eventually(lambda: leader_of_whole(js, "EVENTS"), within=20)
        (killed,) = [each for each in members if each.name == leader]
        killed.kill()

        async def published() -> bool:
            try:
                return bool((await js.publish("penstock.events.service.created.v1", b"{}")).seq)
            except NATS_ERRORS:
                return False

        await eventually(published, within=30)
    finally:
        await client.close()
