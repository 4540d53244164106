"""Bodies of versions that are made from images: what is taken, and how each wrong part is told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from controller.domain.registries.images import named_secrets
from controller.domain.registries.secrets import SecretKind
from controller.domain.services.image_commands import MAX_FILE_BYTES, ImageModelSource
from controller.domain.services.version_commands import FirstVersion, VersionChange
from controller.handlers.retraining.publishing import settings_for_model
from controller.store.tables import VersionRow
from shared.errors import InvalidInput

IMAGE = {"kind": "image", "image": "registry.example.com/ns/wine:1"}
FILE = {"kind": "file", "path": "/etc/app.yaml", "content": "a: 1\n"}
LAKE = {"kind": "s3", "path": "/data/", "uri": "s3://lake/wines", "credentials": "lake"}
ARTIFACT = {"kind": "artifact", "path": "/models/wine", "uri": "models:/wine/3", "registry": "theirs"}
OCI = {"kind": "oci", "path": "/weights", "uri": "oci://registry.example.com/models/wine:3", "credentials": "hub"}
DIGEST = "sha256:" + 64 * "a"


def source(**fields: Any) -> ImageModelSource:
    found = FirstVersion.model_validate({"model_source": {**IMAGE, **fields}}).model_source
    assert isinstance(found, ImageModelSource)
    return found


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"image": "vllm/vllm-openai"},
        {"image": f"localhost:5000/wine@{DIGEST}"},
        {"command": ["python", "-m", "serve"], "args": []},
        {"port": 80, "health_path": "/v2/health/ready", "predict_path": "/v1/chat/completions"},
        {"mounts": [FILE, LAKE, ARTIFACT]},
        {"mounts": [OCI, {**OCI, "path": "/other", "uri": f"oci://wine@{DIGEST}", "credentials": None}]},
        {"mounts": [{**OCI, "credentials": "another"}], "credentials": None},
        {
            "mounts": [
                {**ARTIFACT, "uri": "runs:/0123abc/model"},
                {**LAKE, "uri": "s3://lake", "endpoint": "http://s3:1"},
            ]
        },
        {"mounts": [{**ARTIFACT, "uri": f"models:/m-{32 * 'a'}"}, {**FILE, "path": "/models/wines"}]},
    ],
)
def test_what_a_container_needs_is_taken(fields: dict[str, Any]) -> None:
    taken = source(**fields)
    assert taken.as_contract().image == fields.get("image", IMAGE["image"])


@pytest.mark.parametrize(
    ("fields", "place", "said"),
    [
        ({"image": "Wine"}, "image", "names no image"),
        ({"image": ""}, "image", "names no image"),
        ({"image": "https://registry/wine"}, "image", "no scheme"),
        ({"image": "wine@sha256:abc"}, "image", "a digest"),
        ({"image": "wine:a b"}, "image", "a tag"),
        ({"image": 5}, "image", "string"),
        ({"command": "python serve.py"}, "command", "tuple"),
        ({"command": []}, "command", "at least 1"),
        ({"command": [" "]}, "command", "name of a program"),
        ({"command": ["serve", 5]}, "command.1", "string"),
        ({"args": ["a\x00"]}, "args.0", "NUL"),
        ({"args": 65 * ["-v"]}, "args", "at most 64"),
        ({"port": 0}, "port", "greater than or equal to 1"),
        ({"port": 65_536}, "port", "less than or equal to 65535"),
        ({"port": "8080"}, "port", "integer"),
        ({"port": True}, "port", "integer"),
        ({"health_path": "health"}, "health_path", "'/' first"),
        ({"health_path": "/a?b=c"}, "health_path", "no spaces, queries"),
        ({"predict_path": "/a/../b"}, "predict_path", "'.' and '..'"),
        ({"predict_path": "//other.example"}, "predict_path", "'//'"),
        ({"predict_path": "/a\r\nx: y"}, "predict_path", "no spaces"),
        ({"mounts": [{**FILE, "kind": "volume"}]}, "mounts.0", "volume"),
        ({"mounts": [{**FILE, "path": "app.yaml"}]}, "mounts.0.file.path", "absolute path"),
        ({"mounts": [{**FILE, "path": "/"}]}, "mounts.0.file.path", "below '/'"),
        ({"mounts": [{**FILE, "path": "/a/../../etc/passwd"}]}, "mounts.0.file.path", "'..'"),
        ({"mounts": [{**FILE, "path": "/proc/1/mem"}]}, "mounts.0.file.path", "the system's"),
        ({"mounts": [{**FILE, "path": "/a:/b"}]}, "mounts.0.file.path", "':'"),
        ({"mounts": [{**FILE, "content": MAX_FILE_BYTES * "x" + "x"}]}, "mounts.0.file.content", "at most"),
        ({"mounts": [{**FILE, "content": "ü" * (MAX_FILE_BYTES - 1)}]}, "mounts", "bytes together"),
        ({"mounts": [FILE, FILE]}, "mounts", "side by side"),
        ({"mounts": [{**LAKE, "path": "/etc"}, FILE]}, "mounts", "side by side"),
        ({"mounts": 17 * [FILE]}, "mounts", "at most 16"),
        ({"mounts": [{**LAKE, "uri": "https://lake/wines"}]}, "mounts.0.s3.uri", "s3://bucket/prefix"),
        ({"mounts": [{**LAKE, "uri": "s3://lake/../other"}]}, "mounts.0.s3.uri", "s3://bucket/prefix"),
        ({"mounts": [{**LAKE, "endpoint": "https://u:p@s3"}]}, "mounts.0.s3.endpoint", "without credentials"),
        ({"mounts": [{**LAKE, "endpoint": "file:///etc"}]}, "mounts.0.s3.endpoint", "http://"),
        ({"mounts": [{**ARTIFACT, "uri": "models:/wine@champion"}]}, "mounts.0.artifact.uri", "models:/name/3"),
        ({"mounts": [{**ARTIFACT, "uri": "file:///etc"}]}, "mounts.0.artifact.uri", "models:/name/3"),
        ({"mounts": [{**ARTIFACT, "uri": "runs:/abc/../../x"}]}, "mounts.0.artifact.uri", "'..'"),
        ({"mounts": [{**OCI, "uri": "registry.example.com/wine:3"}]}, "mounts.0.oci.uri", "oci://registry/repository"),
        ({"mounts": [{**OCI, "uri": "oci://Wine"}]}, "mounts.0.oci.uri", "names no image"),
        ({"mounts": [{**OCI, "folder": "models"}]}, "mounts.0.oci.folder", "Extra inputs"),
        ({"mounts": [{**OCI, "credentials": "another"}], "credentials": "hub"}, "mounts", "choose hub or another"),
        ({"entrypoint": ["serve"]}, "entrypoint", "Extra inputs"),
    ],
)
def test_each_wrong_part_is_named_and_explained(fields: dict[str, Any], place: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        source(**fields)
    (error,) = refused.value.errors()
    assert ".".join(str(part) for part in error["loc"]) == f"model_source.image.{place}"
    assert said in str(error["msg"])


def test_names_of_secrets_are_labels() -> None:
    with pytest.raises(InvalidInput, match="DNS label"):
        source(credentials="my secret")


def test_every_secret_is_found_with_its_kind_and_its_place() -> None:
    found = list(named_secrets(source(credentials="hub", mounts=[FILE, LAKE, ARTIFACT, OCI]).as_contract()))
    assert found == [
        ("hub", SecretKind.REGISTRY, ("model_source", "image", "credentials")),
        ("lake", SecretKind.S3, ("model_source", "image", "mounts", 1, "credentials")),
        ("theirs", SecretKind.MLFLOW, ("model_source", "image", "mounts", 2, "registry")),
        ("hub", SecretKind.REGISTRY, ("model_source", "image", "mounts", 3, "credentials")),
    ]


def test_what_models_may_not_set_is_the_owner_s_in_an_image() -> None:
    env = {"PYTHONUNBUFFERED": "1", "HOME": "/tmp"}
    assert FirstVersion.model_validate({"model_source": IMAGE, "env": env}).env == env
    model = {"kind": "mlflow", "model": "wine", "version": "1"}
    for kind, source, said in (
        (FirstVersion, model, "HOME"),
        (VersionChange, model, "PYTHONUNBUFFERED"),
        (FirstVersion, IMAGE, "PENSTOCK_POD"),
    ):
        with pytest.raises(InvalidInput, match=f"env.{said}: the platform sets"):
            kind.model_validate({"model_source": source, "env": {said: "x"}})


def test_env_may_stand_in_the_source_and_runtime_belongs_to_models() -> None:
    body = {"model_source": {**IMAGE, "env": {"A": "1"}}}
    assert FirstVersion.model_validate(body).env == {"A": "1"}
    assert VersionChange.model_validate({**body, "runtime": {}}).env == {"A": "1"}
    for kind in (FirstVersion, VersionChange):
        with pytest.raises(InvalidInput, match="an image serves by itself"):
            kind.model_validate({"model_source": IMAGE, "runtime": {"workers": 2}})


def test_a_retrained_model_takes_over_no_variables_of_the_image_that_serves() -> None:
    size = {"spec": "1C2G", "cpu": 1, "memory_gb": 2, "gpu": 0}
    values: dict[str, Any] = {"resources": size, "runtime": {}, "env": {"HOME": "/srv"}}
    values |= {"spec": "1C2G", "replicas": 1, "request_timeout_ms": 1000}
    row = VersionRow(**values, image=source().as_contract().model_dump(mode="json"))
    model = {"kind": "mlflow", "model": "wine", "version": "2"}
    assert FirstVersion.model_validate({"model_source": model, **settings_for_model(row)}).env == {}
    row.image, row.env = None, {"THREADS": "2"}
    assert FirstVersion.model_validate({"model_source": model, **settings_for_model(row)}).env == {"THREADS": "2"}
