"""`/registry-webhooks/{secret}`: MLflow says that its registry has changed. A hint: the registry itself is the truth.

Needs no token: the signature shows that the sender knows the secret, one of the kind `webhook`. What is said is not
read; the registry is looked at sooner than it would have been.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from controller.api.dependencies import Dependencies
from controller.domain.registries.secrets import SecretKind
from controller.domain.retraining.registry_webhooks import Delivery, is_genuine
from controller.handlers.registries.secrets import unsealed_fields
from controller.store.registries.secrets import secret_by_name
from shared.errors import Unauthenticated

open_router = APIRouter(tags=["retraining"])

SecretPath = Annotated[str, Path(max_length=63, description="Secret of the kind `webhook` that MLflow signs with.")]


@open_router.post("/registry-webhooks/{secret}", status_code=204)
async def hear_registry(secret: SecretPath, request: Request, deps: Dependencies) -> Response:
    """Look at the registry now; 401 unless it is signed by MLflow with the secret, within five minutes."""
    body = await request.body()
    async with deps.read_session() as session:
        found = await secret_by_name(session, secret)
    headers = request.headers
    known = found is not None and found.kind == SecretKind.WEBHOOK
    key = unsealed_fields(deps.vault, found)["secret"] if found is not None and known else ""
    delivery = Delivery(*(headers.get(f"x-mlflow-{name}", "") for name in ("signature", "delivery-id", "timestamp")))
    if not known or not is_genuine(key, delivery, body, deps.clock.now()):
        raise Unauthenticated("The signature is not that of a webhook of this secret")
    deps.registry_changed()
    return Response(status_code=204)
