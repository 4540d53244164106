"""A version is made from a registered model or an image; what runs already reads, and is written, as before."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from shared.contracts.deployment import Deployment, FileMount, ImageSource, MlflowSource, S3Mount
from shared.contracts.routes import VersionRoute

COMMON = {
    "service_id": UUID(int=1),
    "service": "wine",
    "version_id": UUID(int=2),
    "version": "v1",
    "generation": 1,
    "desired_replicas": 1,
    "resources": {"spec": "1C2G", "cpu": 1, "memory_gb": 2},
}
IMAGE = {"kind": "image", "image": "localhost:5000/ns/wine:1"}


def deployment(source: dict[str, Any], **other: Any) -> Deployment:
    return Deployment.model_validate({**COMMON, "model_source": source, **other})


def test_the_pods_of_a_model_are_described_byte_for_byte_as_before_images() -> None:
    assert deployment({"kind": "mlflow", "model": "wine", "version": "3"}).pod_configuration() == (
        '{"kind":"mlflow","model":"wine","version":"3","tracking_uri":null}\n'
        '{"spec":"1C2G","cpu":1.0,"memory_gb":2.0,"gpu":0}\n'
        '{"row_wise":"auto","types":"strict","max_batch_rows":256,"workers":1}'
    )


def test_a_source_without_a_kind_is_a_model() -> None:
    read = deployment({"model": "wine", "version": "3"})
    assert read.model_source == read.mlflow_source() == MlflowSource(model="wine", version="3")


def test_an_image_comes_back_as_it_was_written() -> None:
    mounts = [
        {"kind": "file", "path": "/etc/app.yaml", "content": "a: 1\n"},
        {"kind": "s3", "path": "/data", "uri": "s3://b/p", "credentials": "lake"},
    ]
    made = deployment({**IMAGE, "command": ["serve"], "mounts": mounts}, env={"A": "1"})
    read = Deployment.model_validate(json.loads(made.model_dump_json()))
    assert read == made
    assert read.mlflow_source() is None
    source = read.image_source()
    assert isinstance(source, ImageSource)
    assert (source.command, source.args, source.port) == (("serve",), None, 8080)
    assert (source.health_path, source.predict_path) == ("/health", "/predict")
    assert [type(mount) for mount in source.mounts] == [FileMount, S3Mount]


@pytest.mark.parametrize("change", [{"image": "localhost:5000/ns/wine:2"}, {"port": 9000}, {"args": ["-v"]}])
def test_what_a_container_is_made_of_makes_another_configuration(change: dict[str, Any]) -> None:
    assert deployment(IMAGE).pod_configuration() != deployment({**IMAGE, **change}).pod_configuration()


@pytest.mark.parametrize("kind", ["docker", 5, None, ["image"]])
def test_an_unknown_kind_is_refused(kind: object) -> None:
    with pytest.raises(ValidationError, match="model_source"):
        deployment({**IMAGE, "kind": kind})


def test_the_route_of_a_model_is_written_as_before_and_that_of_an_image_says_its_path() -> None:
    of_model = VersionRoute(version_id=UUID(int=2), version="v1", model="wine/3", weight=100)
    assert "predict_path" not in of_model.model_dump(mode="json")
    of_image = of_model.model_copy(update={"predict_path": "/score"})
    assert VersionRoute.model_validate_json(of_image.model_dump_json()) == of_image
