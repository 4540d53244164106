"""A model of one test's own, registered with a real tracking server."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx


class Registered:
    """A registered model with two versions, made for one test."""

    def __init__(self, url: str) -> None:
        self.name = f"z-followed-{uuid4().hex[:8]}"
        self.http = httpx.Client(base_url=f"{url}/api/2.0/mlflow", timeout=30)
        wine = self.http.get("/model-versions/get", params={"name": "wine", "version": "1"}).json()["model_version"]
        run = self.http.post("/runs/create", json={"experiment_id": "0"}).json()["run"]
        self.run_id = run["info"]["run_id"]
        self.post("/registered-models/create", name=self.name)
        self._source = wine["source"]
        self._versions = 0
        for _ in range(2):
            self.another()

    def post(self, path: str, **body: Any) -> None:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text

    def another(self) -> str:
        """Register one more version; returns its number."""
        made = {"source": self._source, "model_id": self._source.removeprefix("models:/")}
        self.post("/model-versions/create", name=self.name, run_id=self.run_id, **made)
        self._versions += 1
        return str(self._versions)

    def point(self, alias: str, version: str) -> None:
        self.post("/registered-models/alias", name=self.name, alias=alias, version=version)

    def drop(self, alias: str) -> None:
        body = {"name": self.name, "alias": alias}
        assert self.http.request("DELETE", "/registered-models/alias", json=body).is_success
