"""RPC methods of the inference logger: what models said of their columns, for engines that make rows elsewhere."""

from __future__ import annotations

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.rpc.method import RpcMethod


class SignaturesQuery(Contract):
    """Whose."""

    service: str


class VersionSignature(Contract):
    """What the pods of some generations of a version said of their model, in MLflow's JSON."""

    version_id: str
    generations: tuple[int, ...] = Field(description="Those of the version that had this signature.")
    inputs: str | None = Field(default=None, description="Null where the model says nothing of its inputs.")
    outputs: str | None = Field(default=None, description="Null where the model says nothing of its outputs.")


class SignatureList(Contract):
    """All signatures that rows of a service are typed by."""

    service: str
    signatures: tuple[VersionSignature, ...]


SIGNATURES = RpcMethod("inference-logger", "signatures", SignaturesQuery, SignatureList)
