"""What can be asked about models of a registry. Nothing is sent here."""

from __future__ import annotations

from penstock.client.requests.base import Listing, Request, given, path
from penstock.client.types import Json, Model


def models(
    *, search: str | None = None, tag: str | None = None, registry: str | None = None, page_size: int = 50
) -> Listing[Model]:
    """Models registered in MLflow, by name; `registry`: a secret that describes another tracking server."""
    return Listing("GET", "/models", given(search=search, tag=tag, registry=registry, page_size=page_size))


def model(name: str, *, registry: str | None = None) -> Request[Model]:
    """One registered model: versions, aliases, signature."""
    return Request("GET", path("models", name), given(registry=registry))


def model_version(name: str, version: str, *, registry: str | None = None) -> Request[Json]:
    """One version of a model: signature, input example, requirements, where it comes from."""
    return Request("GET", path("models", name, "versions", version), given(registry=registry))
