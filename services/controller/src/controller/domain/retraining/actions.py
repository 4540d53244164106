"""What a trigger has run: bodies of requests, and the checks that need nothing else."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from controller.domain.commands import Command, ShortText, plain_text
from controller.domain.registries.environment import Variables
from controller.domain.registries.secrets import SecretKind
from controller.domain.services.version_commands import PodResources, ResourceSource
from shared.errors import Detail, InvalidInput
from shared.security.addresses import AddressRule

MOST_FILES, MOST_BYTES = 50, 256 * 1024
LONGEST_PART = 255
"""Bytes of a file's name, or of a folder's: no file system takes more."""
MOST_OPTIONS_BYTES = 16 * 1024
MOST_LEVELS = 32
"""Of objects and arrays in each other, the outermost one counted."""
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}\Z")
_KUBERNETES = r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}\Z")


def web_address(url: str) -> str:
    """`url` if it is an http or https one without credentials and fragment; else `InvalidInput`."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_whole = False
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not is_whole or not is_plain or parts.scheme not in ("http", "https"):
        raise _wrong("url must be an http:// or https:// URL", "url")
    if "@" in parts.netloc or parts.fragment:
        raise _wrong("url must hold no credentials and no fragment: credentials go in a secret", "url")
    return url


def check_address(url: str, rule: AddressRule) -> None:
    """Refuse a URL whose host is an address, or this machine, that may not be called; names are looked up when used."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        rule.check(host, ["127.0.0.1"])
        return
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    rule.check(host, [host])


def _parameters(values: Mapping[str, str]) -> Mapping[str, str]:
    if bad := next((name for name in values if not _PARAMETER.match(name)), None):
        raise _wrong(f"{bad[:80]!r} is no name of a parameter", "parameters")
    return values


def _repository(name: str) -> str:
    if not _REPOSITORY.match(name) or name.rpartition("/")[2] in (".", ".."):
        raise _wrong("repository is written owner/name", "repository")
    return name


def _small(value: dict[str, Any]) -> dict[str, Any]:
    """As JSON, which every database and the bus can carry: no NaN, no infinity, no lone surrogate, nothing too deep."""
    if not _is_nested_within(MOST_LEVELS, value):
        raise _wrong(f"conf is nested in at most {MOST_LEVELS} levels", "conf")
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except ValueError as error:
        raise _wrong(
            "conf must be JSON of numbers that are finite and texts without lone surrogates", "conf"
        ) from error
    if size > MOST_OPTIONS_BYTES:
        raise _wrong(f"conf takes at most {MOST_OPTIONS_BYTES} bytes", "conf")
    return value


def _is_nested_within(levels: int, value: Any) -> bool:
    """How deep Python's own reader and writer go is another matter in each release."""
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_nested_within(levels - 1, part) for part in parts)


Address = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(web_address)]
Parameters = Annotated[dict[ShortText, ShortText], Field(max_length=32), AfterValidator(_parameters)]
KubernetesName = Annotated[str, Field(pattern=_KUBERNETES)]


class WebhookTarget(Command):
    """A request in the shape of Standard Webhooks, signed with the trigger's secret."""

    kind: Literal["webhook"] = Field(description="A request in the shape of Standard Webhooks.")
    url: Address


class AirflowTarget(Command):
    """A run of a DAG of Airflow 3."""

    kind: Literal["airflow"] = Field(description="A run of a DAG of Airflow 3.")
    url: Address = Field(description="Base URL of its API server, such as `https://airflow.example.org`.")
    dag_id: Annotated[str, Field(min_length=1, max_length=250, pattern=r"^[A-Za-z0-9_.~:+-]+$")]
    conf: Annotated[dict[ShortText, Any], AfterValidator(_small)] = Field(
        default={}, description="Passed to the DAG, beside `penstock`, which holds the evidence."
    )


class ArgoTarget(Command):
    """A workflow of Argo Workflows, submitted from a WorkflowTemplate."""

    kind: Literal["argo"] = Field(description="A workflow of Argo Workflows.")
    url: Address = Field(description="Base URL of the Argo server.")
    namespace: KubernetesName
    template: KubernetesName = Field(description="Name of the WorkflowTemplate.")
    parameters: Parameters = Field(default={}, description="Beside `retraining-id` and `evidence`.")
    entrypoint: KubernetesName | None = None


class GithubTarget(Command):
    """A repository dispatch, which starts workflows that run on it."""

    kind: Literal["github"] = Field(description="A repository dispatch of GitHub.")
    url: Address = Field(default="https://api.github.com", description="Of GitHub Enterprise: `https://…/api/v3`.")
    repository: Annotated[str, AfterValidator(_repository)] = Field(description="owner/name")
    event_type: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(plain_text)] = "penstock-retrain"


class ProjectOfJob(Command):
    """An MLflow project."""

    uri: Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(plain_text)] = Field(
        default=".", description="`.`: among the job's own files; else an https:// URL of a git repository."
    )
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")] | None = Field(
        default=None, description="Branch, tag or commit of a git repository."
    )
    entry_point: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")] = "main"
    parameters: Parameters = Field(default={}, description="Of the entry point.")

    @model_validator(mode="after")
    def _of_a_kind(self) -> ProjectOfJob:
        if self.uri != "." and not self.uri.startswith("https://"):
            raise _wrong("uri is `.` or an https:// URL of a git repository", "uri")
        if self.uri != ".":
            web_address(self.uri.partition("#")[0])
        return self


class JobTarget(Command):
    """A supervised job: a command or an MLflow project in an environment of its own, confined like a pod."""

    kind: Literal["job"] = Field(description="A supervised job of the platform's own.")
    command: Annotated[
        list[Annotated[str, Field(max_length=8192), AfterValidator(plain_text)]], Field(max_length=64)
    ] = Field(default=[], description="Such as `[python, train.py]`; no shell is in between.")
    mlflow_project: ProjectOfJob | None = Field(default=None, description="Instead of a command.")
    files: dict[ShortText, Annotated[str, AfterValidator(plain_text)]] = Field(
        default={}, description="Relative path → text, in the folder that it runs in; 256 KiB in all."
    )
    requirements: Annotated[list[ShortText], Field(max_length=100)] = Field(
        default=[], description="Lines of pip; none: those of its files, else the platform's own environment."
    )
    python: Annotated[str, Field(pattern=r"^3\.[0-9]{1,2}(\.[0-9]{1,2})?$")] | None = Field(
        default=None, description="Such as `3.12`; null: the platform's own."
    )
    env: Variables = Field(
        default={}, description="Environment variables: texts, as visible as the rest, or keys of secrets."
    )
    resource_source: PodResources = Field(default=ResourceSource(), description="What it may use, as a pod's.")

    @model_validator(mode="after")
    def _whole(self) -> JobTarget:
        if bool(self.command) == (self.mlflow_project is not None):
            raise _wrong("A job has either a command or an mlflow_project", "command")
        if len(self.files) > MOST_FILES or sum(len(text.encode()) for text in self.files.values()) > MOST_BYTES:
            raise _wrong(f"A job takes at most {MOST_FILES} files of {MOST_BYTES // 1024} KiB in all", "files")
        if bad := next((name for name in self.files if not _is_inside(name)), None):
            raise _wrong(f"{bad[:80]!r} is no relative path inside the job's folder", "files")
        paths = {PurePosixPath(name) for name in self.files}
        if below := next((str(path) for path in paths if paths & {*path.parents}), None):
            raise _wrong(f"{below[:80]!r} lies in a folder that is a file too", "files")
        return self


Target = Annotated[WebhookTarget | AirflowTarget | ArgoTarget | GithubTarget | JobTarget, Field(discriminator="kind")]

SECRET_KINDS: Mapping[str, SecretKind | None] = {
    "webhook": SecretKind.WEBHOOK,
    "airflow": SecretKind.HTTP,
    "argo": SecretKind.HTTP,
    "github": SecretKind.HTTP,
    "job": None,
}
"""Kind of action → the kind of secret that it may have."""


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    is_plain = bool(path.parts) and not path.is_absolute() and ".." not in path.parts
    is_short = all(len(part.encode()) <= LONGEST_PART for part in path.parts)
    return is_plain and is_short and path.parts[0] != "evidence.json"


def _wrong(why: str, field: str) -> InvalidInput:
    return InvalidInput(why, (Detail((field,), why),))
