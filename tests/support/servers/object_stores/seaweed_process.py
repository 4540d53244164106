"""SeaweedFS with its S3 door as a child process that a test may kill, freeze and bring back on its ports."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inference_logger.store.s3 import S3Client, StoreFailure
from servers.ports import free_port
from servers.server_process import ServerProcess
from shared.storage.objects import BucketFolder, S3Credentials

WRITER = S3Credentials("AKWRITER", "writers-secret-key")
READER = S3Credentials("AKREADER", "readers-secret-key")
STARTS_WITHIN_S = 60.0


def _ports() -> dict[str, int]:
    return {name: free_port() for name in ("master", "volume", "filer", "s3")}


@dataclass
class SeaweedProcess(ServerProcess):
    ports: dict[str, int] = field(default_factory=_ports)
    grpc_ports: dict[str, int] = field(default_factory=_ports)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3']}"

    def start(self) -> None:
        """Start, and wait until it serves."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        identities = [
            _identity("writer", WRITER, "Admin", "Read", "Write", "List"),
            _identity("reader", READER, "Read", "List"),
        ]
        (self.folder / "s3.json").write_text(json.dumps({"identities": identities}))
        numbers = [f"-{name}.port={port}" for name, port in self.ports.items()]
        numbers += [f"-{name}.port.grpc={port}" for name, port in self.grpc_ports.items()]
        options = [
            *(f"-dir={self.folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"),
            *(
                f"-s3.config={self.folder}/s3.json",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-s3.autoCreateBucket=false",
            ),
            *("-master.telemetry=false", "-master.electionTimeout=1s", "-master.volumeSizeLimitMB=64"),
            *("-volume.max=64", "-volume.preStopSeconds=0", f"-filer.localSocket={self.folder}/filer.sock"),
        ]
        one_volume = {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}  # a bucket's first object waits for all that are made
        weed = Path(sys.executable).with_name("weed")
        command: list[str | Path] = [weed, f"-logdir={self.folder}", "server", *numbers, *options]
        self.launch(command, within=STARTS_WITHIN_S, every=0.05, environment=one_volume)

    def client(self, bucket: str, prefix: str = "", credentials: S3Credentials = WRITER) -> S3Client:
        return S3Client(BucketFolder(bucket, prefix, self.endpoint), credentials, timeout_s=20)

    def make_bucket(self, bucket: str) -> S3Client:
        client = self.client(bucket)
        client.put("", b"")
        client.put("first", b"")  # which has its volumes made
        client.delete("first")
        return client

    def remove_bucket(self, bucket: str) -> None:
        self.client(bucket).delete("")

    def is_serving(self) -> bool:
        try:
            return self.client("none").get("none") is None
        except StoreFailure as failure:
            return "does not exist" in failure.message


def _identity(name: str, credentials: S3Credentials, *actions: str) -> dict[str, Any]:
    keys = [{"accessKey": credentials.access_key, "secretKey": credentials.secret_key}]
    return {"name": name, "credentials": keys, "actions": actions}


@contextmanager
def bucket_server(folder: Path, bucket: str) -> Iterator[SeaweedProcess]:
    """A server that keeps its files in `folder` and has this bucket; it is gone afterwards."""
    server = SeaweedProcess(folder)
    server.start()
    try:
        server.make_bucket(bucket)
        yield server
    finally:
        server.kill()
