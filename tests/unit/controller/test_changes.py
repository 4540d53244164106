"""The log of changes: ids, what is kept of it, who may know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.access.roles import Principal, Role
from controller.domain.changes import ADMINS, EVERYBODY, Audience, Change, ChangeLog
from controller.loops.bus_changes import named_by
from controller.store.changes import NOTICED
from controller.store.tables import (
    AnswerRow,
    AuditRow,
    ControllerTable,
    MaskingKeyRow,
    PodRunRow,
    RevisionRow,
    SessionRow,
    SignInLinkRow,
)
from shared.ids import new_id

UNTOLD: frozenset[type[ControllerTable]] = frozenset(
    {AnswerRow, AuditRow, MaskingKeyRow, PodRunRow, RevisionRow, SessionRow, SignInLinkRow}
)
"""What no answer of the API shows as it is now."""
START = datetime(2026, 5, 1, tzinfo=UTC)


def told(log: ChangeLog, since: int) -> list[str] | None:
    found = log.since(since)
    return None if found is None else [change.name for _, change in found]


def test_a_change_of_any_table_is_told_unless_nobody_waits_for_it() -> None:
    tables = {mapper.class_ for mapper in ControllerTable._sa_registry.mappers}
    assert tables - NOTICED.keys() == UNTOLD


def test_ids_grow_and_a_reader_gets_what_came_after_the_last_one() -> None:
    log = ChangeLog(START)
    first = log.last_id
    for name in ("a", "b", "c"):
        log.publish(Change("service", name))

    assert told(log, first) == ["a", "b", "c"]
    assert told(log, first + 2) == ["c"]
    assert told(log, log.last_id) == []


def test_only_the_last_change_of_a_thing_is_kept() -> None:
    log = ChangeLog(START)
    first = log.last_id
    for name in ("a", "b", "a"):
        log.publish(Change("service", name))
    log.publish(Change("version", "a"))

    assert told(log, first) == ["b", "a", "a"]
    assert told(log, first + 2) == ["a", "a"]


def test_whoever_is_behind_what_is_kept_reads_everything_anew() -> None:
    log = ChangeLog(START, capacity=2)
    first = log.last_id
    for name in ("a", "b", "c", "d"):
        log.publish(Change("service", name))

    assert told(log, first + 1) is None
    assert told(log, first + 2) == ["c", "d"]


@pytest.mark.parametrize("later", [timedelta(milliseconds=20), timedelta(days=400)])
def test_an_id_of_before_a_restart_is_not_known(later: timedelta) -> None:
    before = ChangeLog(START)
    for number in range(10):
        before.publish(Change("service", str(number)))
    after = ChangeLog(START + later)

    assert told(after, before.last_id) is None
    assert after.last_id > before.last_id
    assert after.last_id < 2**53  # what a script in a browser can count with
    assert told(after, -1) is None
    assert told(after, after.last_id + 1) is None


def test_after_changes_were_missed_nobody_may_go_on() -> None:
    log = ChangeLog(START)
    log.publish(Change("service", "a"))
    known = log.last_id
    log.forget_all()

    assert told(log, known) is None
    assert told(log, log.last_id) == []


def test_listeners_are_woken_until_they_stop() -> None:
    log, woken, looked_again = ChangeLog(START), [], []
    stop = log.listen(lambda: woken.append(log.last_id))
    stop_looking = log.listen_to_access(lambda: looked_again.append(log.last_id))
    log.publish(Change("service", "a"))
    log.note_access_change()
    log.forget_all()
    stop()
    stop_looking()
    log.publish(Change("service", "b"))
    log.note_access_change()

    assert (len(woken), len(looked_again)) == (2, 1)


def test_who_may_know() -> None:
    admin = Principal("root", new_id(), is_admin=True)
    member = Principal("ada", new_id(), roles={"team": Role.VIEWER})

    assert [a.admits(admin) for a in (ADMINS, EVERYBODY, Audience(frozenset({"other"})))] == [True] * 3
    assert not ADMINS.admits(member)
    assert EVERYBODY.admits(member)
    assert Audience(frozenset({"other", "team"})).admits(member)
    assert not Audience(frozenset({"other"})).admits(member)
    assert Audience(user_id=member.user_id).admits(member)
    assert not Audience(user_id=new_id()).admits(member)


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{}", b'{"service": "a"}', b'{"service": [], "version": "v1"}'])
def test_what_is_no_fact_of_a_pod_names_no_version(body: bytes) -> None:
    assert named_by(body, "version") is None
    assert named_by(b'{"service": "a", "version": "v1", "more": 1}', "version") == ("a", "v1")
