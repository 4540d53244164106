"""The MLflow registry over its REST API.

Plain HTTP instead of MLflow's own client: it needs no thread per call and saves some 80 MB. Nothing is ever loaded from
a model: `MLmodel` is read as data, the example as JSON.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from controller.domain.registries.model_files import ModelFile, model_file, plain_json, requirements_of, text_of
from controller.domain.registries.models import (
    ModelVersion,
    RegisteredModel,
    ResolvedModel,
    alias_map,
    at_milliseconds,
    tag_map,
)
from controller.domain.services.version_commands import ModelSource
from shared.clock import Clock
from shared.contracts.rpc.scheduler import ModelFiles
from shared.errors import NotFound, Unavailable, UpstreamFailed

_API = "/api/2.0/mlflow"
_ARTIFACT_LIMIT = 1024 * 1024
"""Bytes; a larger `MLmodel` or example is left out."""
_DETAIL_TTL_S = 300.0
_DETAIL_ENTRIES = 512
_PARALLEL = 8
_CHUNK = 512 * 1024


class _File(NamedTuple):
    """A small file; `is_known`: the server has said that it is so, and would say the same again."""

    text: bytes | None
    is_known: bool = True


class _Details(NamedTuple):
    """What the files of a model version say."""

    file: ModelFile
    example: Any
    is_known: bool


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
        self._details: dict[tuple[str, ...], tuple[float, _Details]] = {}
        parts = urlsplit(url)
        self._shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def server_version(self, within_s: float) -> str | None:
        """The version that the server says it is; None where it does not answer in time."""
        try:
            answer = await self._http.get("/version", timeout=within_s)
        except httpx.HTTPError:
            return None
        said = answer.text.strip()
        return said[:32] if answer.is_success and said.isascii() and said.isprintable() else None

    async def resolve(self, source: ModelSource) -> ResolvedModel:
        """The model version that `source` names, an alias followed; `NotFound` names what is missing."""
        version = source.version or await self.alias_version(source.model, source.alias or "")
        raw = await self._version(source.model, version)
        file = (await self._details_of(source.model, raw)).file
        return ResolvedModel(
            model=source.model,
            version=version,
            run_id=raw.get("run_id") or None,
            model_id=raw.get("model_id") or file.model_id,
            digest=file.digest,
            signature=file.signature,
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
        file, example, _ = await self._details_of(name, raw)
        return ModelVersion(
            name=name,
            version=version,
            status=raw.get("status", "READY"),
            description=raw.get("description", ""),
            aliases=tuple(raw.get("aliases", ())),
            run_id=raw.get("run_id") or None,
            tags=tag_map(raw.get("tags")),
            created_at=at_milliseconds(raw.get("creation_timestamp")),
            signature=file.signature,
            input_example=example,
            flavors=file.flavors,
            model_id=raw.get("model_id") or file.model_id,
            digest=file.digest,
            requirements=requirements_of((await self._artifact(name, version, "requirements.txt")).text),
        )

    async def run(self, run_id: str) -> dict[str, Any]:
        """A run: its tags (`data.tags`) and the datasets that it read (`inputs`); `NotFound` names it."""
        found = await self._get(f"{_API}/runs/get", {"run_id": run_id}, f"run {run_id!r}")
        return dict(found["run"])

    async def run_artifact(self, run_id: str, path: str) -> AsyncGenerator[bytes, None]:
        """A file of a run, piece by piece; `NotFound` names it."""
        query = {"run_id": run_id, "run_uuid": run_id, "path": path}
        try:
            async with self._http.stream("GET", "/get-artifact", params=query) as answer:
                if not answer.is_success:
                    raise NotFound(f"MLflow has no artifact {path!r} of run {run_id!r}")
                async for chunk in answer.aiter_bytes(_CHUNK):
                    yield chunk
        except httpx.HTTPError as failure:
            raise self._away() from failure

    async def raw_versions(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Versions of a model as the registry has them, newest first; none where there is no such model."""
        try:
            return await self._versions({"name": name})
        except NotFound:
            return ()

    async def run_tags(self, run_id: str) -> dict[str, str]:
        """Tags of an MLflow run; none where it is gone."""
        try:
            found = await self._get(f"{_API}/runs/get", {"run_id": run_id}, f"run {run_id[:64]!r}")
        except NotFound:
            return {}
        return tag_map(found["run"]["data"].get("tags"))

    async def environment_files(self, name: str, version: str) -> ModelFiles:
        """What describes the environment of a version that is there."""
        files = ("MLmodel", "requirements.txt", "python_env.yaml", "conda.yaml")
        found = await asyncio.gather(*(self._artifact(name, version, file) for file in files))
        return ModelFiles(**dict(zip(ModelFiles.model_fields, (text_of(file.text) for file in found), strict=True)))

    async def _described(self, raw: Mapping[str, Any]) -> RegisteredModel:
        name = str(raw["name"])
        versions = await self._versions(raw)
        details = await self._details_of(name, versions[0]) if versions else None
        return RegisteredModel(
            name=name,
            description=raw.get("description", ""),
            tags=tag_map(raw.get("tags")),
            aliases=alias_map(raw.get("aliases")),
            versions=tuple(str(version["version"]) for version in versions),
            latest_version=str(versions[0]["version"]) if versions else None,
            signature=details.file.signature if details else None,
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

    async def _versions(self, raw: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Versions of a registered model, newest first."""
        name = str(raw["name"])
        if (quoted := _quoted(name)) is None:
            found = raw
        else:
            query = {"filter": f"name={quoted}", "max_results": 1000}
            found = await self._get(f"{_API}/model-versions/search", query, f"versions of model {name!r}")
        versions = found.get("model_versions" if quoted else "latest_versions", ())
        return sorted(versions, key=lambda version: int(version["version"]), reverse=True)

    async def _details_of(self, name: str, raw: Mapping[str, Any]) -> _Details:
        """Signature, example and flavours; a version's files do not change, so they are kept for some minutes.

        `raw` is the version as the registry has it: a model that was deleted and made anew has the same numbers again.
        """
        version = str(raw["version"])
        key = (name, version, *(str(raw.get(part)) for part in ("creation_timestamp", "source", "run_id")))
        now = self._clock.monotonic()
        kept = self._details.get(key)
        if kept is not None and now - kept[0] < _DETAIL_TTL_S:
            return kept[1]
        details = await self._read_details(name, version)
        if details.is_known:
            if len(self._details) >= _DETAIL_ENTRIES:
                self._details.pop(next(iter(self._details)))
            self._details[key] = (now, details)
        return details

    async def _read_details(self, name: str, version: str) -> _Details:
        text, is_known = await self._artifact(name, version, "MLmodel")
        file = await asyncio.to_thread(model_file, text)
        if file.example_path is None:
            return _Details(file, None, is_known)
        example = await self._artifact(name, version, file.example_path)
        return _Details(file, plain_json(example.text), is_known and example.is_known)

    async def _artifact(self, name: str, version: str, path: str) -> _File:
        """A small file of a model version; one that is too large is left out, and no more of it read."""
        query, text = {"name": name, "version": version, "path": path}, bytearray()
        try:
            async with self._parallel, self._http.stream("GET", "/model-versions/get-artifact", params=query) as answer:
                if not answer.is_success:
                    return _File(None, is_known=answer.status_code in (400, 404))
                async for chunk in answer.aiter_bytes():
                    text += chunk
                    if len(text) > _ARTIFACT_LIMIT:
                        return _File(None)
        except httpx.HTTPError as failure:
            raise self._away() from failure
        return _File(bytes(text))

    async def _get(self, path: str, query: Mapping[str, Any], what: str) -> dict[str, Any]:
        answer = await self._request(path, query)
        if answer.is_success:
            if isinstance(said := _json(answer.content), dict):
                return said
            raise UpstreamFailed(f"{self._shown} does not answer as MLflow does when asked for {what}")
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
            raise self._away() from failure

    def _away(self) -> Unavailable:
        return Unavailable(f"MLflow at {self._shown} does not answer")


def _filters(search: str | None, tag: tuple[str, str] | None) -> list[str]:
    """In MLflow's words; `domain/names.py` has kept out what would end a quotation."""
    by_name = [f"name ILIKE '%{search}%'"] if search else []
    return by_name + ([f"tags.`{tag[0]}` = '{tag[1]}'"] if tag else [])


def _quoted(name: str) -> str | None:
    """A name in a filter of MLflow's, which has no escapes: None where it holds both kinds of quotes."""
    return next((f"{quote}{name}{quote}" for quote in "'\"" if quote not in name), None)


def _error_code(answer: httpx.Response) -> str | None:
    return _mapping(_json(answer.content)).get("error_code")


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
