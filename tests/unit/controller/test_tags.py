from __future__ import annotations

import pytest

from controller.store.services.listing import has_tag

TAGS = {"team": "risk", "a:b:c": "d", "url": "http://x:1"}


@pytest.mark.parametrize("wanted", ["team", "team:risk", "a:b:c", "a:b:c:d", "url:http://x:1"])
def test_a_tag_is_found_by_key_or_by_key_and_value_whatever_colons_they_hold(wanted: str) -> None:
    assert has_tag(TAGS, wanted)


@pytest.mark.parametrize("wanted", ["a", "a:b", "team:", "team:ris", "d", ":", ""])
def test_what_is_no_tag_is_not_found(wanted: str) -> None:
    assert not has_tag(TAGS, wanted)
