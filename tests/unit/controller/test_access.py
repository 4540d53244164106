"""Roles, claims, and the two tables that must name everything: routes' needs and audited records."""

from __future__ import annotations

from uuid import uuid4

import pytest

from controller.domain.access.roles import ClaimGrants, Principal, Role, find_claim, grants_of_claim
from controller.store.audit import AUDITED
from controller.store.tables import (
    AnswerRow,
    AuditRow,
    CanaryVerdictRow,
    ControllerTable,
    MaskingKeyRow,
    ObservationRow,
    PodRunRow,
    RetrainingResultRow,
    RevisionRow,
)
from shared.errors import Forbidden, NotFound


def test_a_role_includes_the_lesser_ones() -> None:
    assert [[have.includes(need) for need in Role] for have in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


@pytest.mark.parametrize("need", list(Role))
def test_strangers_learn_nothing_and_members_why(need: Role) -> None:
    stranger = Principal("eve", uuid4(), roles={"blue": Role.ADMIN})
    with pytest.raises(NotFound, match="there is none"):
        stranger.require_role(need, "red", "there is none")
    viewer = Principal("vic", uuid4(), roles={"red": Role.VIEWER})
    if need is not Role.VIEWER:
        with pytest.raises(Forbidden, match=need):
            viewer.require_role(need, "red", "there is none")
    Principal("root", uuid4(), is_admin=True).require_role(need, "red", "there is none")


@pytest.mark.parametrize(
    "claim", [None, "admin", b"admin", {"admin": 1}, [], ["nowhere"], [":viewer"], ["red:owner"], [1]]
)
def test_what_a_claim_does_not_say_is_not_granted(claim: object) -> None:
    assert grants_of_claim(claim) == ClaimGrants()


def test_the_highest_role_of_a_claim_counts() -> None:
    claim = ["red:editor", "red:viewer", "a:b:admin", "admin"]
    assert grants_of_claim(claim) == ClaimGrants(True, {"red": Role.EDITOR, "a:b": Role.ADMIN})


def test_every_table_is_audited_or_is_not_what_people_change() -> None:
    tables = {mapper.class_ for mapper in ControllerTable._sa_registry.mappers}
    platforms = {ObservationRow, AnswerRow, RevisionRow, AuditRow, PodRunRow, MaskingKeyRow, CanaryVerdictRow}
    platforms |= {RetrainingResultRow}
    bus = {table for table in tables if table.__tablename__ in {"outbox", "inbox"}}
    assert tables - platforms - bus == set(AUDITED)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("roles", ["admin"]),
        ("realm_access.roles", ["red:editor"]),
        ("https://penstock.example/roles", ["blue:viewer"]),
        ("realm_access.none", None),
        ("roles.none", None),
        ("none.roles", None),
        ("realm_access", {"roles": ["red:editor"]}),
    ],
)
def test_a_claim_has_a_name_or_a_path(name: str, found: object) -> None:
    claims = {
        "roles": ["admin"],
        "realm_access": {"roles": ["red:editor"]},
        "https://penstock.example/roles": ["blue:viewer"],
    }
    assert find_claim(claims, name) == found
