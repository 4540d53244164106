"""Pages hold what a message of the bus takes."""

from __future__ import annotations

from monitor.handlers.pages import page_of
from shared.contracts.retraining import RetrainedModel

ENTRIES = [RetrainedModel(model="é" * 100, version=str(place)) for place in range(9)]
OF_ONE = len(ENTRIES[0].model_dump_json().encode()) + 1


def test_a_page_ends_where_it_gets_too_large_and_has_one_entry_at_least() -> None:
    assert page_of(ENTRIES) == tuple(ENTRIES)
    assert page_of(ENTRIES, 4 * OF_ONE) == tuple(ENTRIES[:4])
    assert page_of(ENTRIES, 4 * OF_ONE - 1) == tuple(ENTRIES[:3])
    assert page_of(ENTRIES, 1) == tuple(ENTRIES[:1])
    assert page_of([]) == ()
