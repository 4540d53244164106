"""The registry as a form needs it, against a real MLflow server."""

from __future__ import annotations

import pytest

from running_services.running_controller import Controller, Peers


async def test_models_with_versions_aliases_signature_and_example(offline: Controller) -> None:
    models = {model["name"]: model for model in (await offline.call("GET", "/models"))["items"]}
    wine = models["wine"]
    assert wine["versions"] == ["2", "1"]
    assert wine["latest_version"] == "2"
    assert wine["aliases"] == {"champion": "2"}
    assert [column["name"] for column in wine["signature"]["inputs"]] == ["acidity", "alcohol"]
    assert wine["input_example"] == {"dataframe_split": {"columns": ["acidity", "alcohol"], "data": [[7.4, 9.4]]}}
    assert models["bare"]["versions"] == []
    assert await offline.call("GET", "/models/wine") == wine


async def test_one_version(offline: Controller) -> None:
    version = await offline.call("GET", "/models/wine/versions/1")
    assert (version["name"], version["version"], version["status"]) == ("wine", "1", "READY")
    assert version["signature"]["outputs"]
    assert version["input_example"]
    assert "sklearn" in version["flavors"]
    assert [line.partition("==")[0] for line in version["requirements"]] == ["mlflow"]
    assert version["model_id"].startswith("m-")
    assert version["digest"].startswith("sha256:")
    xeres = await offline.call("GET", "/models/xeres/versions/1")
    assert xeres["requirements"][-2:] == ["scikit-learn", "pandas"]
    assert (xeres["signature"], xeres["input_example"]) == (None, None)
    assert (await offline.call("GET", "/models/wine/versions/2"))["aliases"] == ["champion"]


async def test_whether_its_environment_must_be_built_is_the_schedulers_word(
    offline: Controller, controller: Controller, peers: Peers
) -> None:
    assert (await offline.call("GET", "/models/wine/versions/1"))["environment"] is None
    version = await controller.call("GET", "/models/wine/versions/1")
    assert version["environment"] == {"state": "to_build", "unmet": ["pandas==1.0 (here: 2.2)"], "reason": None}


async def test_search_and_pages(offline: Controller) -> None:
    assert [m["name"] for m in (await offline.call("GET", "/models", params={"search": "INE"}))["items"]] == ["wine"]
    first = await offline.call("GET", "/models", params={"page_size": 1})
    assert [m["name"] for m in first["items"]] == ["bare"]
    second = await offline.call("GET", "/models", params={"page_size": 1, "cursor": first["next_cursor"]})
    assert [m["name"] for m in second["items"]] == ["wine"]


@pytest.mark.parametrize("path", ["/models/nobody", "/models/wine/versions/77", "/models/nobody/versions/1"])
async def test_what_is_not_there_is_404(offline: Controller, path: str) -> None:
    assert (await offline.call("GET", path, 404))["error_code"] == "RESOURCE_DOES_NOT_EXIST"


async def test_a_tag_filters(offline: Controller) -> None:
    async def names(**params: str) -> list[str]:
        return [model["name"] for model in (await offline.call("GET", "/models", params=params))["items"]]

    assert await names(tag="team.name=cellar 7") == ["wine"]
    assert await names(tag="team.name=cellar") == []
    assert await names(tag="team.name=cellar 7", search="bar") == []


@pytest.mark.parametrize(
    "path",
    [
        "/models/a%27b",
        "/models/wine/versions/latest",
        "/models?search=%27%20or",
        "/models?tag=team",
        "/models?tag=a%60b=c",
        "/models?tag=a=b%27%20OR%20name=%27wine",
    ],
)
async def test_names_that_a_filter_would_read_differently_are_400(offline: Controller, path: str) -> None:
    assert (await offline.call("GET", path, 400))["error_code"] == "INVALID_PARAMETER_VALUE"


async def test_resource_specs(offline: Controller) -> None:
    specs = {spec["name"]: spec for spec in (await offline.call("GET", "/resource-specs"))["items"]}
    assert specs["1C2G"]["cpu"] == 1
    assert specs["1C2G"]["price_per_hour"] > 0
