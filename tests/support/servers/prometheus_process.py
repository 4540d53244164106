"""A real Prometheus server on samples that were made up, where the binaries are at hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.core import Metric

from servers.ports import free_port
from servers.server_process import ServerProcess

FOLDER = "PENSTOCK_TEST_PROMETHEUS"
"""Environment variable: the folder of `prometheus` and `promtool`, where they are not on the path."""


def binary(name: str) -> Path:
    """`prometheus` or `promtool`; skips the test without it."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get(FOLDER, ""), os.environ.get("PATH", ""))))
    if found is None:
        pytest.skip(f"no {name} on the path or in ${FOLDER}: Debian's package prometheus has it")
    return Path(found)


@dataclass
class PrometheusProcess(ServerProcess):
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, scraped: Iterable[tuple[float, Iterable[Metric]]]) -> None:
        """Serve what was scraped: moments, unix seconds, in order, and what collectors said then."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text, data = self.folder / "scraped.txt", self.folder / "data"
        text.write_text(_open_metrics(scraped))
        blocks: list[str | Path] = [binary("promtool"), "tsdb", "create-blocks-from", "openmetrics", text, data]
        subprocess.run(blocks, check=True, capture_output=True)
        (self.folder / "prometheus.yml").write_text("scrape_configs: []\n")
        options = (
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={data}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--storage.tsdb.retention.time=100y",
        )
        self.launch([binary("prometheus"), *options], within=30)

    def is_serving(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def _open_metrics(scraped: Iterable[tuple[float, Iterable[Metric]]]) -> str:
    """Families with their samples of all moments together, as the format wants it."""
    lines: dict[tuple[str, str], list[str]] = defaultdict(list)
    for at, families in scraped:
        for family in families:
            for sample in family.samples:
                labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
                lines[family.name, family.type].append(f"{sample.name}{{{labels}}} {sample.value} {at}")
    parts = [
        f"# TYPE {name} {kind}\n" + "".join(f"{line}\n" for line in found) for (name, kind), found in lines.items()
    ]
    return "".join(parts) + "# EOF\n"
