"""RPC methods of the controller: intent, and secrets for those that act on it."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.deployment import Deployment, SecretKeyRef
from shared.contracts.inference_tables.erasures import ErasureOrders
from shared.contracts.inference_tables.label_sources import DatabaseAccess, LabelSourceList, LabelSourceQuery
from shared.contracts.nodes import Node
from shared.contracts.rpc.method import Nothing, RpcMethod


class DeploymentList(Contract):
    """Every version that exists and is not a draft, stopped ones with 0 replicas."""

    items: tuple[Deployment, ...]
    nodes: tuple[Node, ...] = Field(default=(), description="Every node of every resource group.")
    store: UUID | None = Field(
        default=None, description="Names the controller's database: another one means that the list proves no deletion."
    )


class RegistryQuery(Contract):
    """The secret (of kind `mlflow`) that describes a tracking server."""

    registry: str


class RegistryAccess(Contract):
    """Where a tracking server is and who we are to it: never stored, logged or sent on by who asked.

    `allowed`: hosts and CIDRs that may be connected to although they are not public.
    """

    url: str
    username: str | None = Field(default=None, repr=False)
    password: str | None = Field(default=None, repr=False)
    token: str | None = Field(default=None, repr=False)
    allowed: tuple[str, ...] = ()


class SecretsQuery(Contract):
    """Fields of secrets that the pods of a version are given, or the jobs of a service: one of the two."""

    version_id: UUID | None = None
    service_id: UUID | None = None
    refs: tuple[SecretKeyRef, ...] = Field(max_length=64)


class SecretValues(Contract):
    """Their values, in the order asked for: never stored, logged or sent on by who asked."""

    values: tuple[str, ...] = Field(repr=False)


class ImageSecretQuery(Contract):
    """A secret that the image of a version names: of the kind `registry` (to pull it) or `s3` (of a mount)."""

    version_id: UUID
    secret: str = Field(max_length=63)


class ImageSecret(Contract):
    """Its fields, such as `username` and `password`: never stored, logged or sent on by who asked."""

    kind: Literal["registry", "s3"]
    fields: dict[str, str] = Field(repr=False)


class Destination(Contract):
    """Where inference tables may lie, as it was defined; how it is reached, without credentials."""

    name: str
    url: str = Field(description="`file:///…`, or `s3://bucket/prefix`, without a slash at its end.")
    endpoint: str | None = Field(default=None, description="URL of an S3-compatible store; None: AWS itself.")
    region: str = "us-east-1"
    path_style: bool = Field(default=True, description="The bucket stands in the path, not in the host's name.")
    has_secret: bool = Field(default=False, description="A secret holds its credentials.")
    revision: int = Field(default=1, description="Counts its edits.")
    secret_revision: int = Field(default=0, description="Counts those of its secret.")


class DestinationList(Contract):
    """Every destination."""

    items: tuple[Destination, ...]


class StorageCredentialsQuery(Contract):
    """The name of a destination."""

    destination: str


class StorageCredentials(Contract):
    """Who we are to an object store: never stored, logged or sent on by who asked."""

    access_key: str = Field(repr=False)
    secret_key: str = Field(repr=False)
    session_token: str | None = Field(default=None, repr=False)


class MaskingKeyQuery(Contract):
    """The name of a key, as it stands in the routes."""

    name: str = Field(max_length=63)


class MaskingKey(Contract):
    """The key of hashed columns, 64 hexadecimal digits: never stored, logged or sent on by who asked."""

    key: str = Field(repr=False)


DEPLOYMENTS = RpcMethod("controller", "deployments", Nothing, DeploymentList)
REGISTRY_ACCESS = RpcMethod("controller", "registry_access", RegistryQuery, RegistryAccess)
SECRET_VALUES = RpcMethod("controller", "secret_values", SecretsQuery, SecretValues)
IMAGE_SECRET = RpcMethod("controller", "image_secret", ImageSecretQuery, ImageSecret)
DESTINATIONS = RpcMethod("controller", "destinations", Nothing, DestinationList)
STORAGE_CREDENTIALS = RpcMethod("controller", "storage_credentials", StorageCredentialsQuery, StorageCredentials)
MASKING_KEY = RpcMethod("controller", "masking_key", MaskingKeyQuery, MaskingKey)
ERASURES = RpcMethod("controller", "erasures", Nothing, ErasureOrders)
LABEL_SOURCES = RpcMethod("controller", "label_sources", Nothing, LabelSourceList)
LABEL_SOURCE_ACCESS = RpcMethod("controller", "label_source_access", LabelSourceQuery, DatabaseAccess)
