"""Columns that differ become fields of the API, and lines of the audit log the history of a version."""

from __future__ import annotations

from typing import Any

import pytest

from controller.domain.services.field_changes import (
    FieldChange,
    history_entry,
    service_changes,
    version_changes,
    weight_changes,
)


def in_group(group: str, **size: Any) -> dict[str, Any]:
    """Columns of a version in a group, by the made-up name that such a size has."""
    resources = {"spec": f"{size['cpu']}C{size['memory_gb']}G", "gpu": 0, "group": group, **size}
    return {"spec": resources["spec"], "resource_group": group, "resources": resources}


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"model_version": "1"}, {"model_version": "2"}, [("model_source.version", "1", "2")]),
        (
            {"spec": "1C2G", "resources": {"spec": "1C2G", "cpu": 1, "memory_gb": 2, "gpu": 0}},
            {"spec": "2C4G", "resources": {"spec": "2C4G", "cpu": 2, "memory_gb": 4, "gpu": 0}},
            [
                ("resource_source.spec", "1C2G", "2C4G"),
                ("resource_source.cpu", 1, 2),
                ("resource_source.memory_gb", 2, 4),
            ],
        ),
        (
            in_group("risk", cpu=2, memory_gb=4),
            in_group("risk", cpu=2, memory_gb=8, gpu=1, gpu_kind="H200"),
            [
                ("resource_source.memory_gb", 4, 8),
                ("resource_source.gpu", 0, 1),
                ("resource_source.gpu_kind", None, "H200"),
            ],
        ),
        (
            in_group("risk", cpu=2, memory_gb=4),
            {"spec": "2C8G", "resource_group": None, "resources": {"spec": "2C8G", "cpu": 2, "memory_gb": 8, "gpu": 0}},
            [
                ("resource_source.group", "risk", None),
                ("resource_source.cpu", 2, None),
                ("resource_source.memory_gb", 4, None),
                ("resource_source.gpu", 0, None),
                ("resource_source.spec", None, "2C8G"),
            ],
        ),
        (
            {"env": {"A": "1", "B": "2"}},
            {"env": {"A": "1", "C": {"secret": "s", "key": "k"}}},
            [("env.B", "2", None), ("env.C", None, {"secret": "s", "key": "k"})],
        ),
        ({"rate_limit": None}, {"rate_limit": {"qps": 5}}, [("rate_limit", None, {"qps": 5})]),
        ({"generation": 1, "last_good": None}, {"generation": 2, "last_good": {}}, []),
    ],
)  # fmt: skip
def test_columns_of_a_version(before: dict[str, Any], after: dict[str, Any], changed: list[Any]) -> None:
    assert version_changes(before, after) == [FieldChange(*each) for each in changed]


def test_columns_of_a_service_and_splits() -> None:
    before, after = {"tags": {"team": "a"}, "creator": "x"}, {"tags": {"team": "b"}, "creator": "y"}
    assert service_changes(before, after) == [FieldChange("tags.team", "a", "b")]
    assert weight_changes({"v1": 100, "v2": 0}, {"v1": 90, "v2": 10}) == [
        FieldChange("weights.v1", 100, 90),
        FieldChange("weights.v2", 0, 10),
    ]


@pytest.mark.parametrize(
    ("operation", "before", "after", "action"),
    [
        ("start_version", {"wanted": "draft", "weight": 0}, {"wanted": "started", "weight": 100}, "started"),
        ("stop_service", {"wanted": "started"}, {"wanted": "stopped"}, "stopped"),
        ("restart_version", {"restart": None, "generation": 1}, {"restart": 2, "generation": 2}, "restarted"),
        ("split_traffic", {"weight": 90}, {"weight": 10}, "traffic"),
        ("change_version", {"replicas": 1}, {"replicas": 2}, "updated"),
        ("roll_back", {"model_version": "2"}, {"model_version": "1"}, "rolled_back"),
    ],
)
def test_what_was_done(operation: str, before: dict[str, Any], after: dict[str, Any], action: str) -> None:
    assert history_entry("updated", operation, before, after).action == action


def test_a_roll_back_says_why_and_a_creation_what_was_set() -> None:
    back = {"reason": "NeverReady", "message": "no pod was ready", "configuration": {}}
    entry = history_entry("updated", "roll_back", {"rolled_back": None}, {"rolled_back": back})
    assert entry.changes == (FieldChange("reason", None, "NeverReady: no pod was ready"),)
    made = history_entry("created", "create_version", None, {"model": "wine", "alias": None, "name": "v1"})
    assert made.changes == (FieldChange("model_source.model", None, "wine"),)


def test_of_a_new_version_each_field_is_shown_and_no_size_that_its_spec_says() -> None:
    size = {"spec": "1C2G", "cpu": 1.0, "memory_gb": 2.0, "gpu": 0, "group": None}
    columns = {"spec": "1C2G", "resource_group": None, "resources": size, "env": {}, "log_delivery": {"enabled": True}}
    made = history_entry("created", "create_version", None, columns)
    assert made.changes == (
        FieldChange("resource_source.spec", None, "1C2G"),
        FieldChange("log_delivery.enabled", None, True),
    )
    in_group = columns | {"spec": "group risk", "resource_group": "risk", "resources": size | {"group": "risk"}}
    fields = [change.field for change in history_entry("created", "create_version", None, in_group).changes]
    sizes = [f"resource_source.{name}" for name in ("cpu", "memory_gb", "gpu")]
    assert fields == ["resource_source.group", *sizes, "log_delivery.enabled"]
