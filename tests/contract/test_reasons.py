"""What a pod or version can wait for, or fail by, has its words and the next step in the console, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scheduler.backends.kubernetes.facts import sentences
from scheduler.backends.kubernetes.manifests.gpus import GPU_KIND_UNKNOWN
from scheduler.backends.kubernetes.versions import RESTORED
from scheduler.backends.preparation.pull_trouble import Rule
from scheduler.domain.values import CAPACITY, GPU_KIND_MISSING, HELD_UP

CONSOLE = Path(__file__).parents[2] / "console/src/i18n"


def known(language: str) -> set[str]:
    text = (CONSOLE / language / "shared/reasons.ts").read_text()
    return set(re.findall(r"^  (\w+): \{", text, re.MULTILINE))


def of_a_cluster() -> set[str]:
    """Reasons of every rule that makes the cluster's words ours."""
    rules: list[Rule] = []
    for name, value in vars(sentences).items():
        if name.endswith("_RULES"):
            rules += value
        elif name.endswith("_OTHER"):
            rules.append(value)
    for listed, other in sentences._WAITING.values():
        rules += [*listed, other]
    return {reason for _, reason, _, _ in rules}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_reasons_have_their_words(language: str) -> None:
    reasons = of_a_cluster() | HELD_UP | {RESTORED, GPU_KIND_UNKNOWN, GPU_KIND_MISSING}
    assert CAPACITY in reasons
    assert reasons - known(language) == set()
