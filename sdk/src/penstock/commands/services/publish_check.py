"""What a version's check at load (`check` in the API) says, for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.counted import counted

NO_SIGNATURE = "no signature: inputs are not checked"


def check_summary(version: Mapping[str, Any]) -> str | None:
    """In two words, for a list; None: no pod of it has told yet."""
    found = version.get("check")
    if not found:
        return None
    words = {"ok": "ok", "failed": "example failed", "absent": "no example"}
    status = str(found.get("example", {}).get("status"))
    return words.get(status, status)


def check_lines(version: Mapping[str, Any]) -> list[str]:
    """For one version: its example, its signature."""
    found = version.get("check")
    if not found:
        return []
    example = found.get("example", {})
    took = (
        f" ({counted(example.get('rows', 0), 'row')}, {example['duration_ms']:.3g} ms)"
        if example.get("duration_ms")
        else ""
    )
    signature = "inputs are checked against the signature" if found.get("has_signature", True) else NO_SIGNATURE
    first = f"{check_summary(version)}{took}"
    return [f"{first}: {last_line(example.get('message'))}" if example.get("message") else first, signature]


def batching_summary(version: Mapping[str, Any], *, in_words: bool = True) -> str | None:
    """Whether rows of different callers share one `predict`, and why; `in_words`: with the reason explained."""
    found = version.get("check")
    if not found or "row_wise" not in found:
        return None
    reasons = ("row_wise_reason", "row_wise_message") if in_words else ("row_wise_reason",)
    why = [found[field] for field in reasons if found.get(field)]
    return ": ".join(["shared by callers" if found["row_wise"] else "one caller at a time", *why])


def check_warnings(version: Mapping[str, Any]) -> list[str]:
    """What speaks against sending callers to a version that runs."""
    found = version.get("check")
    if not found:
        return []
    example = found.get("example", {})
    told = {
        "failed": f"the model's own input example fails: {last_line(example.get('message')) or 'no reason was given'}",
        "absent": "no input example was logged with the model: it was not tried before its first caller",
    }
    warning = told.get(str(example.get("status")))
    without = [] if found.get("has_signature", True) else [NO_SIGNATURE]
    return [*([warning] if warning else []), *without]


def last_line(text: str | None) -> str:
    """The last line of a trace: what was raised."""
    return next((line.strip() for line in reversed((text or "").splitlines()) if line.strip()), "")
