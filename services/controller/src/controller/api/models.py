"""`/models`: the MLflow registry, as a form needs it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from controller.api.cursors import cursor_of_token, token_of_cursor
from controller.api.door import TheDoor
from controller.api.views import Page
from controller.domain import names
from controller.domain.models import ModelVersion, RegisteredModel

router = APIRouter(tags=["models"])


@router.get("/models", response_model=Page[RegisteredModel])
async def list_models(
    door: TheDoor,
    search: Annotated[str | None, Query(max_length=255, description="Part of the name, in any case.")] = None,
    tag: Annotated[str | None, Query(max_length=512, description="`key=value` of a tag of the model.")] = None,
    page_size: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(max_length=4096)] = None,
) -> Page[RegisteredModel]:
    """Registered models by name, with the signature and input example of the latest version."""
    word = names.model_name(search) if search else None
    wanted_tag = names.model_tag(tag) if tag else None
    models, following = await door.registry.models(word, page_size, token_of_cursor(cursor), wanted_tag)
    return Page(items=models, next_cursor=cursor_of_token(following))


@router.get("/models/{model}", response_model=RegisteredModel)
async def read_model(model: str, door: TheDoor) -> RegisteredModel:
    """One registered model: versions, aliases, signature."""
    return await door.registry.model(names.model_name(model))


@router.get("/models/{model}/versions/{version}", response_model=ModelVersion)
async def read_model_version(model: str, version: str, door: TheDoor) -> ModelVersion:
    """One version of a registered model: signature, input example, requirements, what it was made of."""
    return await door.registry.model_version(names.model_name(model), names.model_version(version))
