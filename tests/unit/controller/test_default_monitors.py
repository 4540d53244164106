"""Rules that come by themselves."""

from __future__ import annotations

from controller.domain.quality.defaults import default_monitors


def test_columns_of_any_name_make_rules_that_may_be_defined() -> None:
    names = ["*", "a.b", "价格(元)", "x" * 300, "\u202e", "", "label"]
    signature = {"inputs": [{"name": name, "type": "string"} for name in names]}
    found = {each.name: each.columns for each in default_monitors(signature, is_recorded=True)}
    assert found["nulls"] == found["new-values"] == ["a.b", "价格(元)", "label"]
