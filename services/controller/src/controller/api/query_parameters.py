"""Parameters of a query that no route reads are refused: a misspelt filter must not list, nor keep, everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from controller.api.validation_messages import closest_first
from shared.errors import Detail, InvalidInput


async def reject_unknown_parameters(request: Request) -> None:
    """Refuse parameters that the route does not know: a dependency of every route."""
    route = request.scope["route"]
    if not isinstance(route, APIRoute) or not request.query_params:
        return
    known = list(dict.fromkeys(_parameters(route.dependant)))
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        details = [Detail(("query", name[:64]), _told(name, known)) for name in unknown[:16]]
        raise InvalidInput(f"query.{unknown[0][:64]}: {details[0].msg}", details)


def _told(name: str, known: Sequence[str]) -> str:
    return f"unknown parameter; there are: {', '.join(closest_first(name, known))}" if known else "it takes none"


def _parameters(dependant: Dependant) -> Iterator[str]:
    """Names that a route, and whatever it depends on, reads from the query; a model's are its fields'."""
    for parameter in dependant.query_params:
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (field.alias or name for name, field in model.model_fields.items())
        else:
            yield parameter.alias
    for each in dependant.dependencies:
        yield from _parameters(each)
