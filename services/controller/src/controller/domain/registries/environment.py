"""Environment variables of a version: which names they may have, and how the values of secrets are named.

A plain value is as visible as the rest of a version. The value of a secret is named here and fetched by the scheduler
when a pod starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from shared.contracts.deployment import SecretKeyRef
from shared.errors import Detail, InvalidInput

MAX_VARIABLES = 64
MAX_BYTES = 32 * 1024
"""Of all names and plain values together: they travel with each event that has the version's pods in it."""

_OWN_PREFIX = "PENSTOCK_"
"""Of what the platform tells every pod."""
_NAME = "[A-Za-z_][A-Za-z0-9_]{0,127}"
_RESERVED_PREFIXES = (_OWN_PREFIX, "LD_", "PYTHON", "_MLFLOW_")
_RESERVED = frozenset(
    (
        *("PATH", "HOME", "TMPDIR", "LANG", "MLFLOW_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    )
)
"""What the platform sets for each pod of a model itself."""


class SecretKeyReference(SecretKeyRef):
    """`SecretKeyRef` as a body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


PlainValue = Annotated[str, Field(max_length=8192)]


def checked_variables(variables: dict[str, str | SecretKeyReference]) -> dict[str, str | SecretKeyReference]:
    """`variables` if a pod of a model can be given them; else `InvalidInput` names the first that it cannot."""
    check_reserved(variables)
    return checked_container_variables(variables)


def check_reserved(variables: Iterable[str] | None) -> None:
    """Refuse names that the platform sets for pods of models. In containers of images they are their owners'."""
    for name in variables or ():
        if name in _RESERVED or name.startswith(_RESERVED_PREFIXES):
            raise _refused(name[:128], "the platform sets variables of this name itself")


def checked_container_variables(
    variables: dict[str, str | SecretKeyReference],
) -> dict[str, str | SecretKeyReference]:
    """`variables` if some container can be given them; else `InvalidInput` names the first that none can."""
    if len(variables) > MAX_VARIABLES:
        raise _refused(None, f"at most {MAX_VARIABLES} variables")
    for name, value in variables.items():
        _check_name(name)
        if isinstance(value, str) and not _is_text(value):
            raise _refused(name, "a value must be text without NUL and lone surrogates")
    if sum(len(name) + len(str(value).encode()) for name, value in variables.items()) > MAX_BYTES:
        raise _refused(None, f"names and values must take at most {MAX_BYTES} bytes")
    return variables


_NAMES_IN_SCHEMA = Field(json_schema_extra={"propertyNames": {"pattern": f"^(?!{_OWN_PREFIX}){_NAME}$"}})
ContainerVariables = Annotated[
    dict[str, PlainValue | SecretKeyReference], AfterValidator(checked_container_variables), _NAMES_IN_SCHEMA
]
"""Of a version: what is reserved depends on what it is made from."""
Variables = Annotated[dict[str, PlainValue | SecretKeyReference], AfterValidator(checked_variables), _NAMES_IN_SCHEMA]


def move_env_out_of_source(body: Any) -> Any:
    """`model_source.env` as `env`, which it is another spelling of; both at once are refused."""
    source = body.get("model_source") if isinstance(body, Mapping) else None
    if not isinstance(source, Mapping) or "env" not in source:
        return body
    if "env" in body:
        raise InvalidInput("Give env once", (Detail(("model_source", "env"), "env is given too"),))
    return {**body, "model_source": {name: source[name] for name in source if name != "env"}, "env": source["env"]}


def secret_references(variables: Mapping[str, Any] | None) -> list[SecretKeyRef]:
    """The secrets that stored `variables` name."""
    return [SecretKeyRef.model_validate(value) for value in (variables or {}).values() if not isinstance(value, str)]


def _check_name(name: str) -> None:
    if not re.fullmatch(_NAME, name):
        raise _refused(name[:80], "a name is made of letters, digits and '_', not a digit first, at most 128")
    if name.startswith(_OWN_PREFIX):
        raise _refused(name, "the platform sets variables of this name itself")


def _is_text(value: str) -> bool:
    return not any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in value)


def _refused(name: str | None, why: str) -> InvalidInput:
    where = "env" if name is None else f"env.{name}"
    return InvalidInput(f"{where}: {why}", (Detail(("env",) if name is None else ("env", name), why),))
