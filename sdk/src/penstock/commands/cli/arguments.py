"""Arguments that hold more than one word: model URIs, traffic splits, `key=value`, JSON files. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Any

import typer

Fields = Annotated[
    list[str] | None,
    typer.Option("--set", help='FIELD=JSON: a field as the API has it, rate_limit={"qps":100}; may be repeated.'),
]
Env = Annotated[
    list[str] | None, typer.Option("--env", help="NAME=VALUE: an environment variable of its pods; may be repeated.")
]
SecretEnv = Annotated[
    list[str] | None,
    typer.Option("--secret-env", help="NAME=SECRET/KEY: one whose value is a secret's; may be repeated."),
]
_MODEL_URI = re.compile(r"models:/(?P<model>[^/@]+)(?:/(?P<version>[0-9]+|latest)|@(?P<alias>[^/@]+))\Z")
_BARE_URI = re.compile(r"models:/(?P<model>[^/@]+)/?\Z")
LATEST = "latest"
GpuKind = Annotated[
    str | None,
    typer.Option("--gpu-kind", help="Words that the name of each GPU holds: H200, 'MIG 1g.18gb'; default any."),
]
ExpiresAt = Annotated[
    str | None, typer.Option(help="A date, 2030-01-31 (its beginning, UTC), or ISO-8601 with a zone.")
]
ExpiresIn = Annotated[str | None, typer.Option(help="So long from now: 30d, 12h, 90m, 2w.")]
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[mhdw])\Z", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)


def parse_expiry(expires_at: str | None, expires_in: str | None, now: datetime) -> str | None:
    """When something ends, as the API has it; None where neither is given."""
    if expires_at is not None and expires_in is not None:
        raise typer.BadParameter("--expires-at and --expires-in exclude each other")
    if expires_in is None:
        return f"{expires_at}T00:00:00Z" if expires_at is not None and _DATE.match(expires_at) else expires_at
    found = _SPAN.match(expires_in)
    if found is None:
        raise typer.BadParameter(f"{expires_in!r} is no span of time: 30d, 12h, 90m or 2w")
    try:
        return (now + int(found["count"]) * _UNITS[found["unit"]]).isoformat(timespec="seconds")
    except OverflowError:
        raise typer.BadParameter(f"{expires_in!r} reaches beyond the calendar") from None


def parse_model_source(uri: str, registry: str | None = None, *, follow: bool = False) -> dict[str, Any]:
    """`models:/wine/3`, `…/latest` or `models:/wine@champion` as a `model_source`; an alias may be followed."""
    found = _MODEL_URI.match(uri)
    if found is None and (bare := _BARE_URI.match(uri)):
        show = f"`penstock models show {bare['model']}` says which there are"
        raise typer.BadParameter(f"{uri!r} names no version: add /VERSION, /latest or @ALIAS ({show})")
    if found is None:
        raise typer.BadParameter(f"{uri!r} is neither models:/NAME/VERSION (or /latest) nor models:/NAME@ALIAS")
    if follow and not found["alias"]:
        raise typer.BadParameter("only an alias can be followed: models:/NAME@ALIAS")
    given = found.groupdict() | {"registry": registry, "follow": follow}
    return {"kind": "mlflow", **{name: value for name, value in given.items() if value}}


def resolve_latest(source: dict[str, Any], known: Callable[[str], Mapping[str, Any]]) -> dict[str, Any]:
    """`source` with the newest version of its model in place of `latest`; `known`: the registry's answer to a name."""
    if source.get("version") != LATEST:
        return source
    versions = [int(version) for version in known(source["model"])["versions"]]
    if not versions:
        raise typer.BadParameter(f"model {source['model']!r} has no versions")
    return source | {"version": str(max(versions))}


def build_resource_source(
    spec: str | None,
    group: str | None,
    cpu: float | None,
    memory: float | None,
    gpu: int | None,
    *,
    gpu_kind: str | None = None,
) -> dict[str, Any] | None:
    """A spec of the catalogue, or a share of a resource group's nodes, as a `resource_source`; None: neither."""
    size = {"cpu": cpu, "memory_gb": memory, "gpu": gpu, "gpu_kind": gpu_kind}
    if group is None:
        if any(value is not None for value in size.values()):
            raise typer.BadParameter("--cpu, --memory, --gpu and --gpu-kind need --group; the shared pool has a --spec")
        return None if spec is None else {"kind": "shared", "spec": spec}
    if spec is not None or cpu is None or memory is None:
        raise typer.BadParameter("--group needs --cpu and --memory of a pod, and takes no --spec")
    return {"kind": "group", "group": group, **{name: value for name, value in size.items() if value is not None}}


def default_service_name(model: str) -> str:
    """A DNS label for a model's name: `Wine_Quality` → `wine-quality`."""
    return re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")[:63].rstrip("-")


def parse_weights(pairs: Sequence[str]) -> dict[str, int]:
    """`v1=90 v2=10` as weights; they sum to 100."""
    found = {name: _parse_weight(name, text) for name, text in (_split_pair(pair) for pair in pairs)}
    if len(found) != len(pairs):
        raise typer.BadParameter("a version is named twice")
    if sum(found.values()) != 100:
        raise typer.BadParameter(f"the weights sum to {sum(found.values())}, not to 100")
    return found


def parse_tags(pairs: Sequence[str]) -> dict[str, str]:
    """`team=wine` as tags."""
    return dict(_split_pair(pair) for pair in pairs)


def parse_columns(pairs: Sequence[str], option: str, example: str) -> dict[str, str]:
    """`client_request_id=order_id` as names and their columns; a usage error that names the option and says how."""
    named = [pair.partition("=") for pair in pairs]
    wrong = next((pair for pair, (name, _, column) in zip(pairs, named, strict=True) if not name or not column), None)
    if wrong is not None:
        raise typer.BadParameter(f"{wrong!r} is not NAME=COLUMN, such as {example}", param_hint=option)
    if len({name for name, _, _ in named}) != len(named):
        raise typer.BadParameter("a name is given twice", param_hint=option)
    return {name: column for name, _, column in named}


def parse_env(plain: Sequence[str] | None, secret: Sequence[str] | None) -> dict[str, Any]:
    """`A=1` and `TOKEN=payments/token` as a version's `env`."""
    pairs = [_split_pair(text) for text in (*(plain or ()), *(secret or ()))]
    if len({name for name, _ in pairs}) != len(pairs):
        raise typer.BadParameter("a variable is named twice")
    return dict(_split_pair(text) for text in plain or ()) | {
        name: _parse_secret_ref(at) for name, at in map(_split_pair, secret or ())
    }


def _parse_secret_ref(text: str) -> dict[str, str]:
    secret, slash, key = text.partition("/")
    if not (secret and slash and key):
        raise typer.BadParameter(f"{text!r} is not SECRET/KEY")
    return {"secret": secret, "key": key}


def parse_fields(pairs: Sequence[str] | None) -> dict[str, Any]:
    """`replicas=2 rate_limit={"qps":100}` as fields of a body; what is not JSON is an error, not a string."""
    return {name: _parse_field(name, text) for name, text in (_split_pair(pair) for pair in pairs or ())}


def given(**values: Any) -> dict[str, Any]:
    """The options that were given, those of a choice as the text of it."""
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in values.items() if value is not None
    }


def given_changes(wanted: Mapping[str, Any], further: Sequence[str] | None = None) -> dict[str, Any]:
    """The fields that were given, by their options (None: not given) and by `--set`; a usage error where none was."""
    changes = {field: value for field, value in wanted.items() if value is not None} | parse_fields(further)
    if not changes:
        raise typer.BadParameter("nothing to change")
    return changes


def _parse_field(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"the value of {name} is not JSON: {error} (text needs quotes of its own)") from None


def parse_json(text: str) -> Any:
    """The JSON value that `text` holds; a usage error where it holds none."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"that is not JSON: {error}") from error


def _split_pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE")
    return name, value


def _parse_weight(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > 100:
        raise typer.BadParameter(f"the weight of {name} must be a whole number from 0 to 100, not {text!r}")
    return int(text)


def autoscaling_range(
    replicas: int, least: int | None, most: int | None, target_concurrency: float | None
) -> dict[str, Any] | None:
    """A range in which the load decides on the pods; None: a fixed number. Scaling to zero is asked for: `--min 0`."""
    if most is None:
        if least is not None or target_concurrency is not None:
            raise typer.BadParameter("--min and --target-concurrency need --max")
        return None
    least = 1 if least is None else least
    if replicas != 1 or least > most:
        raise typer.BadParameter("--max is not for a fixed number of --replicas, and --min must not be above it")
    return {"min": least, "max": most, "target_concurrency": 16.0 if target_concurrency is None else target_concurrency}
