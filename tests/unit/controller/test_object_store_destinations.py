"""Which project may put tables where in an object store."""

from __future__ import annotations

import pytest

from controller.domain.inference_tables.locations import (
    TableRoot,
    UsableDestination,
    check_apart,
    checked_definition,
    checked_destination,
    is_apart,
)
from shared.errors import InvalidInput

DEFINED = (
    UsableDestination("lake", "s3://lake/tables"),
    UsableDestination("red", "s3://lake/tables/red", "red"),
    UsableDestination("pond", "s3://pond"),
)
ROOTS = tuple(map(TableRoot.parse, ("red=s3://lake/tables/red", "s3://pond/all", "blue=s3://pond/all/blue", "/lake")))


@pytest.mark.parametrize(
    ("uri", "project", "stored"),
    [
        ("s3://lake/tables", "blue", "s3://lake/tables"),
        ("s3://lake/tables/x/", "blue", "s3://lake/tables/x"),
        ("s3://lake/tables/red", "red", "s3://lake/tables/red"),
        ("s3://lake/tables/red", "blue", None),
        ("s3://lake/tables/reddish", "blue", "s3://lake/tables/reddish"),
        ("s3://lake/other", "blue", None),
        ("s3://lake", "blue", None),
        ("s3://pond/all/blue/x", "blue", "s3://pond/all/blue/x"),
        ("s3://pond/all/blue/x", "red", None),
        ("s3://lake/tables/.hidden", "blue", None),
        ("s3://lake/tables/a?b", "blue", None),
        ("s3://lake/tables/_delta_log", "blue", None),
    ],
)
def test_the_deepest_destination_and_root_decide(uri: str, project: str, stored: str | None) -> None:
    if stored is None:
        with pytest.raises(InvalidInput):
            checked_destination(uri, ROOTS, project, DEFINED)
    else:
        assert checked_destination(uri, ROOTS, project, DEFINED) == stored


def test_a_project_defines_below_its_roots_and_the_installation_anywhere() -> None:
    assert checked_definition("s3://anywhere/x", ROOTS, None) == "s3://anywhere/x"
    assert checked_definition("s3://lake/tables/red/x", ROOTS, "red") == "s3://lake/tables/red/x"
    assert checked_definition("file:///lake/x", ROOTS, "red") == "file:///lake/x"
    for url, project in (("s3://anywhere/x", "red"), ("s3://lake/tables/red", "blue"), ("file:///etc", None)):
        with pytest.raises(InvalidInput):
            checked_definition(url, ROOTS, project)


def test_tables_lie_apart_and_buckets_are_no_folders() -> None:
    others = [("wine", "s3://lake/tables"), ("tea", "file:///lake/tables")]
    assert is_apart("coffee", "s3://lake/tables", ROOTS, others)
    assert is_apart("coffee", "s3://lake/tables/tea/x", ROOTS, others)
    for destination in ("s3://lake/tables/wine", "s3://lake/tables/wine/payload"):
        with pytest.raises(InvalidInput, match="inside, or around"):
            check_apart("coffee", destination, ROOTS, others)
