"""A real Alertmanager, where one is installed (Debian: prometheus-alertmanager)."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from servers.ports import free_port
from servers.server_process import ServerProcess

NAMES = ("prometheus-alertmanager", "alertmanager")


def alertmanager_program() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class AlertmanagerProcess(ServerProcess):
    """Tells one webhook of every alert, at once."""

    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, program: str, webhook: str) -> None:
        config = self.folder / "alertmanager.yml"
        route = {"receiver": "bridge", "group_by": ["alertname", "service"], "group_wait": "0s", "group_interval": "1s"}
        receiver = {"name": "bridge", "webhook_configs": [{"url": webhook, "send_resolved": True}]}
        config.write_text(json.dumps({"route": route, "receivers": [receiver]}))  # JSON is YAML
        options = {
            "config.file": config,
            "storage.path": self.folder / "data",
            "web.listen-address": f"127.0.0.1:{self.port}",
            "cluster.listen-address": "",
        }
        self.launch([program, *(f"--{name}={value}" for name, value in options.items())], within=30)

    def is_serving(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def alerts(self) -> list[dict[str, Any]]:
        """Those that are not resolved."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=5) as answer:
            return list(json.load(answer))
