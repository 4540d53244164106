"""Where models come from: the platform's own tracking server, or one that a secret of the project describes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from controller.clients.mlflow import MlflowRegistry
from controller.clients.registry_clients import RegistryClients
from controller.domain.registries.models import ResolvedModel
from controller.domain.registries.secrets import SecretKind, Vault, check_fields
from controller.domain.services.version_commands import ModelSource
from controller.handlers.registries.secrets import unsealed_fields
from controller.store.registries.secrets import load_secret
from controller.store.tables import SecretRow
from shared.contracts.rpc.controller import RegistryAccess
from shared.database import Database
from shared.errors import Detail, InvalidInput, NotFound, Unavailable, UpstreamFailed

ANSWER_TIMEOUT_S = 60.0
"""For everything that one question needs."""


@dataclass(frozen=True)
class ModelRegistries:
    """The platform's `own` tracking server and the others; `allowed` are hosts and CIDRs that an operator lets in."""

    own: MlflowRegistry
    clients: RegistryClients
    database: Database
    vault: Vault
    allowed: tuple[str, ...] = ()

    @asynccontextmanager
    async def open(self, name: str | None, project: str) -> AsyncIterator[MlflowRegistry]:
        """The registry that the secret `name` of `project` describes; None: the own one."""
        if name is None:
            async with _upstream_errors("MLflow"):
                yield self.own
            return
        async with self.database.read() as session:
            secret = await registry_secret(session, name, project)
            access = self.access(secret)
        lease = self.clients.lease(secret.id, secret.revision, access)
        async with lease as registry, _upstream_errors(f"Registry {name!r}"):
            yield registry

    async def resolve(self, source: ModelSource, project: str) -> ResolvedModel:
        """The model version that a service of `project` names by `source`."""
        async with self.open(source.registry, project) as registry:
            return await registry.resolve(source)

    def access(self, secret: SecretRow) -> RegistryAccess:
        """What is needed to reach the tracking server that `secret` describes."""
        data = unsealed_fields(self.vault, secret)
        check_fields(SecretKind.MLFLOW, data)
        return RegistryAccess(**data, allowed=self.allowed)

    async def access_by_name(self, name: str) -> RegistryAccess:
        """The same by name, for the scheduler."""
        async with self.database.read() as session:
            return self.access(of_kind_mlflow(await load_secret(session, name)))

    async def close(self) -> None:
        """Close the connections."""
        await self.own.close()
        await self.clients.close()


async def registry_secret(session: AsyncSession, name: str, project: str, *, for_update: bool = False) -> SecretRow:
    """The secret `name` of `project`, of the kind `mlflow`; what belongs to another project is not there."""
    secret = await load_secret(session, name, for_update=for_update)
    if secret.project != project:
        raise NotFound(f"There is no secret {name!r}")
    return of_kind_mlflow(secret)


def of_kind_mlflow(secret: SecretRow) -> SecretRow:
    """`secret`, if it describes a tracking server."""
    if secret.kind != SecretKind.MLFLOW:
        raise InvalidInput(
            f"Secret {secret.name!r} is of the kind {secret.kind}, not mlflow",
            (Detail(("registry",), "not a secret of the kind mlflow"),),
        )
    return secret


@asynccontextmanager
async def _upstream_errors(server: str) -> AsyncIterator[None]:
    """Translate timeouts and malformed answers of a server into `Unavailable` and `UpstreamFailed`."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            yield
    except TimeoutError as slow:
        raise Unavailable(f"{server} did not answer within {ANSWER_TIMEOUT_S:g} s") from slow
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as wrong:
        raise UpstreamFailed(f"{server} does not answer as MLflow does") from wrong
