"""The API server's answers, and none: what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduler.backends.kubernetes.api.client import KubernetesApi
from scheduler.backends.kubernetes.api.credentials import Credentials
from scheduler.backends.kubernetes.api.errors import ApiAway
from servers.ports import free_port


async def test_one_that_is_away_is_said_in_words_for_people(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config"
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    config.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    api = KubernetesApi(Credentials(config, None, tmp_path))
    with pytest.raises(ApiAway) as away:
        await api.get("/version")
    await api.close()
    assert away.value.message.startswith(
        f"the API server does not answer: Cannot connect to host 127.0.0.1:{port} [Connect call failed"
    )
