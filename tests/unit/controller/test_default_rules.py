"""Rules that a service gets by itself, whatever its model says of its columns."""

from __future__ import annotations

from controller.domain.quality.defaults import default_monitors


def test_odd_columns_of_a_model_are_left_out() -> None:
    odd = ["*", "", "a\nb", "x" * 300, 7, None, ["a"], {"a": 1}]
    inputs = [{"name": name, "type": "string"} for name in [*odd, "colour"]] + ["no column", None]

    found = {rule.name: rule.columns for rule in default_monitors({"inputs": inputs}, is_recorded=True)}

    assert found == {"errors": ["*"], "drift": ["*"], "nulls": ["colour"], "new-values": ["colour"]}
    assert [rule.name for rule in default_monitors({"inputs": {"a": 1}}, is_recorded=True)] == ["errors", "drift"]


def test_columns_of_any_name_make_rules_that_may_be_defined() -> None:
    names = ["*", "a.b", "价格(元)", "x" * 300, "\u202e", "", "label"]
    signature = {"inputs": [{"name": name, "type": "string"} for name in names]}
    found = {each.name: each.columns for each in default_monitors(signature, is_recorded=True)}
    assert found["nulls"] == found["new-values"] == ["a.b", "价格(元)", "label"]
