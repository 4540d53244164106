"""`/models`: the MLflow registry, as a form needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Query

from controller.api.dependencies import ApiDependencies, CurrentPrincipal, Dependencies
from controller.api.pagination import Page, cursor_of_token, token_of_cursor
from controller.clients.mlflow import MlflowRegistry
from controller.domain import names
from controller.domain.access.roles import Principal, Role
from controller.domain.registries.models import ModelVersion, RegisteredModel
from controller.store.registries.secrets import load_secret
from shared.contracts.rpc.scheduler import ENVIRONMENT, EnvironmentOutlook, ModelFiles
from shared.errors import Unavailable

MOST_DESCRIBED = 256 * 1024
"""Characters of the files that describe an environment; they travel in one message of the bus."""

router = APIRouter(tags=["models"])

Registry = Annotated[
    str | None,
    Query(max_length=63, description="Secret that describes another tracking server; needs a viewer of its project."),
]


@router.get("/models", response_model=Page[RegisteredModel])
async def list_models(
    deps: Dependencies,
    principal: CurrentPrincipal,
    *,
    search: Annotated[str | None, Query(max_length=255, description="Part of the name, in any case.")] = None,
    tag: Annotated[str | None, Query(max_length=512, description="`key=value` of a tag of the model.")] = None,
    page_size: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(max_length=4096)] = None,
    registry: Registry = None,
) -> Page[RegisteredModel]:
    """Registered models by name, with the signature and input example of the latest version."""
    word = names.model_name(search) if search else None
    wanted_tag = names.model_tag(tag) if tag else None
    async with _registry(deps, principal, registry) as asked:
        models, following = await asked.models(word, page_size, token_of_cursor(cursor), wanted_tag)
    return Page(items=models, next_cursor=cursor_of_token(following))


@router.get("/models/{model}", response_model=RegisteredModel)
async def read_model(
    model: str, deps: Dependencies, principal: CurrentPrincipal, registry: Registry = None
) -> RegisteredModel:
    """One registered model: versions, aliases, signature."""
    name = names.model_name(model)
    async with _registry(deps, principal, registry) as asked:
        return await asked.model(name)


@router.get("/models/{model}/versions/{version}", response_model=ModelVersion)
async def read_model_version(
    model: str, version: str, deps: Dependencies, principal: CurrentPrincipal, registry: Registry = None
) -> ModelVersion:
    """One version of a registered model: signature, input example, requirements, what it was made of.

    `environment` says whether its first start waits for an environment to be built.
    """
    name, number = names.model_name(model), names.model_version(version)
    async with _registry(deps, principal, registry) as asked:
        found = await asked.model_version(name, number)
        files = await asked.environment_files(name, number)
    return found.model_copy(update={"environment": await _outlook(deps, files)})


async def _outlook(deps: ApiDependencies, files: ModelFiles) -> EnvironmentOutlook | None:
    """None: the scheduler cannot be asked now, which is no reason not to show the version."""
    if sum(len(text) for text in files.model_dump().values() if text) > MOST_DESCRIBED:
        return EnvironmentOutlook(state="unknown", reason="its files are too large to be looked at before it starts")
    try:
        return await deps.call(ENVIRONMENT, files, EnvironmentOutlook)
    except Unavailable:
        return None


@asynccontextmanager
async def _registry(deps: ApiDependencies, principal: Principal, secret: str | None) -> AsyncIterator[MlflowRegistry]:
    project = ""
    if secret is not None:
        async with deps.read_session() as session:
            project = (await load_secret(session, secret)).project
        principal.require_role(Role.VIEWER, project, f"There is no secret {secret!r}")
    async with deps.registries.open(secret, project) as registry:
        yield registry
