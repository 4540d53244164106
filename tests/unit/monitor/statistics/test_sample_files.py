"""Files that baselines are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.store.inference_tables.places import TablePlace
from monitor.store.inference_tables.samples import sample_batches


@pytest.mark.parametrize(("name", "mark"), [("wine.csv", ","), ("wine.tsv", "\t")])
def test_text_files_have_their_columns_and_what_is_missing_is_null(tmp_path: Path, name: str, mark: str) -> None:
    lines = ("colour|alcohol", "red|9.5", "|", "NaN|NA")
    (tmp_path / name).write_text("\n".join(lines).replace("|", mark) + "\n")
    (batch,) = sample_batches(TablePlace(str(tmp_path / name)), is_table=False)
    assert batch.to_pydict() == {"colour": ["red", None, None], "alcohol": [9.5, None, None]}
