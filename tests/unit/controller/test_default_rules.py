"""Rules that a service gets by itself, whatever its model says of its columns."""

from __future__ import annotations

from controller.domain.quality.defaults import default_monitors


def test_odd_columns_of_a_model_are_left_out() -> None:
    odd = ["*", "", "a\nb", "x" * 300, 7, None, ["a"], {"a": 1}]
    inputs = [{"name": name, "type": "string"} for name in [*odd, "colour"]] + ["no column", None]

    found = {rule.name: rule.columns for rule in default_monitors({"inputs": inputs}, is_recorded=True)}

    assert found == {"errors": ["*"], "drift": ["*"], "nulls": ["colour"], "new-values": ["colour"]}
    assert [rule.name for rule in default_monitors({"inputs": {"a": 1}}, is_recorded=True)] == ["errors", "drift"]
