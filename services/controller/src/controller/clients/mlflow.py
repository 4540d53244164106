"""The MLflow registry over its REST API.

Plain HTTP instead of MLflow's own client: it needs no thread per call and saves some 80 MB. Nothing is ever loaded from
a model: `MLmodel` is read as data, the example as JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import yaml

from controller.domain.commands import ModelSource
from controller.domain.models import ModelVersion, RegisteredModel, ResolvedModel, alias_map, at_milliseconds, tag_map
from shared.clock import Clock
from shared.errors import NotFound, Unavailable, UpstreamFailed

_API = "/api/2.0/mlflow"
_ARTIFACT_LIMIT = 1024 * 1024
"""Bytes; a larger `MLmodel` or example is left out."""
_DETAIL_TTL_S = 300.0
_DETAIL_ENTRIES = 512
_PARALLEL = 8


class _Details(NamedTuple):
    """What the files of a model version say."""

    signature: dict[str, Any] | None
    example: Any
    flavors: tuple[str, ...]
    model_id: str | None
    digest: str | None


class MlflowRegistry:
    """One tracking server. `url` may hold a user and password; they are never shown."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        timeout_s: float = 10.0,
        auth: httpx.Auth | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._clock = clock
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            timeout=httpx.Timeout(timeout_s, connect=3.0),
            auth=auth,
            transport=transport,
            trust_env=transport is None,
        )
        self._parallel = asyncio.Semaphore(_PARALLEL)
        self._details: dict[tuple[str, str], tuple[float, _Details]] = {}
        parts = urlsplit(url)
        self._shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def resolve(self, source: ModelSource) -> ResolvedModel:
        """The model version that `source` names, an alias followed; `NotFound` names what is missing."""
        version = source.version or await self.alias_version(source.model, source.alias or "")
        raw = await self._version(source.model, version)
        details = await self._details_of(source.model, version)
        return ResolvedModel(
            model=source.model,
            version=version,
            run_id=raw.get("run_id") or None,
            model_id=raw.get("model_id") or details.model_id,
            digest=details.digest,
        )

    async def alias_version(self, model: str, alias: str) -> str:
        """The version that an alias names now; `NotFound` where the model has no such alias."""
        version = alias_map((await self._model(model)).get("aliases")).get(alias)
        if version is None:
            raise NotFound(f"Model {model!r} has no alias {alias!r}")
        return version

    async def models(
        self, search: str | None, size: int, token: str | None, tag: tuple[str, str] | None = None
    ) -> tuple[list[RegisteredModel], str | None]:
        """One page of registered models by name, and MLflow's token of the next; those with a word, or with a tag."""
        query: dict[str, Any] = {"max_results": size}
        if filters := _filters(search, tag):
            query["filter"] = " AND ".join(filters)
        if token:
            query["page_token"] = token
        found = await self._get(f"{_API}/registered-models/search", query, "the registered models")
        models = await asyncio.gather(*(self._described(raw) for raw in found.get("registered_models", ())))
        return list(models), found.get("next_page_token") or None

    async def model(self, name: str) -> RegisteredModel:
        """One registered model; `NotFound` names it."""
        return await self._described(await self._model(name))

    async def model_version(self, name: str, version: str) -> ModelVersion:
        """One version; `NotFound` names it."""
        raw = await self._version(name, version)
        details = await self._details_of(name, version)
        return ModelVersion(
            name=name,
            version=version,
            status=raw.get("status", "READY"),
            description=raw.get("description", ""),
            aliases=tuple(raw.get("aliases", ())),
            run_id=raw.get("run_id") or None,
            tags=tag_map(raw.get("tags")),
            created_at=at_milliseconds(raw.get("creation_timestamp")),
            signature=details.signature,
            input_example=details.example,
            flavors=details.flavors,
            model_id=raw.get("model_id") or details.model_id,
            digest=details.digest,
            requirements=requirements_of(await self._artifact(name, version, "requirements.txt")),
        )

    async def _described(self, raw: Mapping[str, Any]) -> RegisteredModel:
        name = str(raw["name"])
        versions = await self._versions(name)
        latest = versions[0] if versions else None
        details = await self._details_of(name, latest) if latest else None
        return RegisteredModel(
            name=name,
            description=raw.get("description", ""),
            tags=tag_map(raw.get("tags")),
            aliases=alias_map(raw.get("aliases")),
            versions=tuple(versions),
            latest_version=latest,
            signature=details.signature if details else None,
            input_example=details.example if details else None,
            created_at=at_milliseconds(raw.get("creation_timestamp")),
            updated_at=at_milliseconds(raw.get("last_updated_timestamp")),
        )

    async def _model(self, name: str) -> dict[str, Any]:
        found = await self._get(f"{_API}/registered-models/get", {"name": name}, f"model {name!r}")
        return dict(found["registered_model"])

    async def _version(self, name: str, version: str) -> dict[str, Any]:
        what = f"version {version!r} of model {name!r}"
        found = await self._get(f"{_API}/model-versions/get", {"name": name, "version": version}, what)
        return dict(found["model_version"])

    async def _versions(self, name: str) -> Sequence[str]:
        query = {"filter": f"name='{name}'", "max_results": 1000}
        found = await self._get(f"{_API}/model-versions/search", query, f"versions of model {name!r}")
        return sorted((str(v["version"]) for v in found.get("model_versions", ())), key=int, reverse=True)

    async def _details_of(self, name: str, version: str) -> _Details:
        """Signature, example and flavours; a version's files do not change, so they are kept for some minutes."""
        now = self._clock.monotonic()
        kept = self._details.get((name, version))
        if kept is not None and now - kept[0] < _DETAIL_TTL_S:
            return kept[1]
        details = await self._read_details(name, version)
        if len(self._details) >= _DETAIL_ENTRIES:
            self._details.pop(next(iter(self._details)))
        self._details[name, version] = (now, details)
        return details

    async def _read_details(self, name: str, version: str) -> _Details:
        text = await self._artifact(name, version, "MLmodel")
        described = _mapping(_yaml(text))
        example_file = _mapping(described.get("saved_input_example_info")).get("serving_input_path")
        example = await self._artifact(name, version, str(example_file)) if example_file else None
        return _Details(
            signature=signature_of(described),
            example=_json(example),
            flavors=tuple(sorted(_mapping(described.get("flavors")))),
            model_id=_text(described.get("model_id")),
            digest=f"sha256:{hashlib.sha256(text).hexdigest()}" if text is not None else None,
        )

    async def _artifact(self, name: str, version: str, path: str) -> bytes | None:
        """A small file of a model version, or None when there is none or it is too large."""
        query = {"name": name, "version": version, "path": path}
        answer = await self._request("/model-versions/get-artifact", query)
        if answer.is_success and len(answer.content) <= _ARTIFACT_LIMIT:
            return answer.content
        return None

    async def _get(self, path: str, query: Mapping[str, Any], what: str) -> dict[str, Any]:
        answer = await self._request(path, query)
        if answer.is_success:
            return _mapping(_json(answer.content))
        if _error_code(answer) == "RESOURCE_DOES_NOT_EXIST":
            raise NotFound(f"MLflow has no {what}")
        if answer.status_code >= 500:
            raise Unavailable(f"MLflow at {self._shown} answered {answer.status_code} when asked for {what}")
        raise UpstreamFailed(f"MLflow at {self._shown} refused to show {what}: {answer.status_code}")

    async def _request(self, path: str, query: Mapping[str, Any]) -> httpx.Response:
        try:
            async with self._parallel:
                return await self._http.get(path, params=query)
        except httpx.HTTPError as failure:
            raise Unavailable(f"MLflow at {self._shown} does not answer") from failure


def signature_of(described: Mapping[str, Any]) -> dict[str, Any] | None:
    """The signature in an `MLmodel` file, whose parts are JSON inside YAML."""
    signature = _mapping(described.get("signature"))
    parts = {part: _json(signature[part]) for part in ("inputs", "outputs", "params") if signature.get(part)}
    return parts or None


def _filters(search: str | None, tag: tuple[str, str] | None) -> list[str]:
    """In MLflow's words; `domain/names.py` has kept out what would end a quotation."""
    by_name = [f"name ILIKE '%{search}%'"] if search else []
    return by_name + ([f"tags.`{tag[0]}` = '{tag[1]}'"] if tag else [])


def requirements_of(text: bytes | None) -> tuple[str, ...] | None:
    """The requirements in a `requirements.txt`, without comments and blank lines."""
    if text is None:
        return None
    lines = (line.strip() for line in text.decode(errors="replace").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _error_code(answer: httpx.Response) -> str | None:
    return _mapping(_json(answer.content)).get("error_code")


def _json(text: bytes | str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


def _yaml(text: bytes | None) -> Any:
    try:
        return None if text is None else yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError:
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
