"""Names that reach paths, subjects and filters; secrets and their hashes; places for tables."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest
from cryptography.exceptions import InvalidTag
from pydantic import ValidationError

from controller.domain import names
from controller.domain.access.keys import digest, earliest_expiry, is_alive, mint_key, mint_token
from controller.domain.idempotency import answer_seal
from controller.domain.inference_tables.locations import TableRoot, check_apart, checked_destination, is_apart
from controller.domain.services.service_commands import NewService
from controller.domain.services.version_commands import ModelSource, VersionChange
from shared.errors import InvalidInput

NASTY = [
    "",
    "../x",
    "..\\x",
    "%2e%2e",
    "%252e",
    "$(id)",
    "/etc/passwd",
    "a/b",
    "a b",
    "A",
    "-a",
    "a-",
    "a" * 64,
    "a\n",
    "é",
]


@pytest.mark.parametrize("name", NASTY)
def test_names_that_are_not_dns_labels_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        names.service_name(name)
    with pytest.raises(InvalidInput):
        names.version_name(name)


def test_reserved_service_names_are_refused() -> None:
    with pytest.raises(InvalidInput, match="reserved"):
        names.service_name("healthz")
    assert names.version_name("v1") == "v1"


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a:b", "a'b", 'a"b', "a%2eb", "$(id)", "`id`", "a\x00b", "", " a"])
def test_model_names_hold_nothing_that_a_path_or_filter_reads_differently(name: str) -> None:
    with pytest.raises(InvalidInput):
        names.model_name(name)


@pytest.mark.parametrize("name", ["wine_quality", "Wine Quality (2)", "模型", "a.b-c"])
def test_ordinary_model_names_pass(name: str) -> None:
    assert names.model_name(name) == name


@pytest.mark.parametrize("version", ["0", "-1", "1.0", "latest", "01", "", "1\n"])
def test_model_versions_are_positive_numbers(version: str) -> None:
    with pytest.raises(InvalidInput):
        names.model_version(version)


def test_a_key_has_256_random_bits_and_its_hash_covers_all_of_it() -> None:
    keys = [mint_key() for _ in range(100)]
    assert len({key.plain for key in keys}) == 100
    for key in keys:
        assert re.fullmatch(r"psk_[0-9a-f]{8}\.[A-Za-z0-9_-]{43}", key.plain)
        assert key.sha256 == digest(key.plain)
        assert key.prefix in key.plain
    assert mint_token() != mint_token()


def test_a_key_lives_until_revoked_or_expired() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    later = now + timedelta(seconds=1)
    assert is_alive(None, None, now)
    assert is_alive(None, later, now)
    assert not is_alive(None, now, now)
    assert not is_alive(now, later, now)
    assert earliest_expiry(None, later) == later
    assert earliest_expiry(now, later) == now
    assert earliest_expiry(None, None) is None


def test_a_sealed_answer_opens_only_for_its_caller_and_key() -> None:
    seal = answer_seal("token", "POST", "/keys", "once")
    sealed = seal.seal(b"psk_secret")
    assert b"psk_secret" not in sealed
    assert answer_seal("token", "POST", "/keys", "once").unseal(sealed) == b"psk_secret"
    for other in (answer_seal("other", "POST", "/keys", "once"), answer_seal("token", "POST", "/keys", "twice")):
        assert other.id != seal.id
        with pytest.raises(InvalidTag):
            other.unseal(sealed)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/x",
        "http://169.254.169.254/x",
        "file://host/tables/x",
        "file:///tables/../etc",
        "file:///tables/%2e%2e/etc",
        "file:///tables\\x",
        "file:///etc",
        "/tables/x",
        "file:tables",
        f"file:///tables/{'x' * 1000}",
        f"file:///tables/{'ü' * 200}",
    ],
)
def test_tables_lie_nowhere_but_under_the_allowed_roots(uri: str) -> None:
    with pytest.raises(InvalidInput):
        checked_destination(uri, ROOTS, "wines")


ROOTS = [TableRoot.parse("/tables"), TableRoot.parse("risk=/tables/risk")]
PLATFORM_ROOT = TableRoot(PurePosixPath("/home/tables"), is_platform=True)


@pytest.mark.parametrize("text", ["tables", "wines=tables", "/tables/../etc", "wines=/tables/..", "", "wines="])
def test_a_root_is_an_absolute_folder(text: str) -> None:
    with pytest.raises(ValueError, match="neither /folder nor s3://bucket/prefix"):
        TableRoot.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/tables", TableRoot(PurePosixPath("/tables"))),
        ("wines= /tables/wine", TableRoot(PurePosixPath("/tables/wine"), "wines")),
    ],
)
def test_a_root_is_for_all_or_for_one_project(text: str, expected: TableRoot) -> None:
    assert TableRoot.parse(text) == expected


def test_a_destination_under_a_root_passes() -> None:
    assert checked_destination("file:///tables/wine", ROOTS, "wines") == "file:///tables/wine"
    assert checked_destination("file:///tables/risk/a", ROOTS, "risk") == "file:///tables/risk/a"


def test_a_project_s_root_is_closed_to_the_others() -> None:
    with pytest.raises(InvalidInput, match="project wines may use"):
        checked_destination("file:///tables/risk/a", ROOTS, "wines")


def test_below_the_platform_s_own_root_every_folder_is_a_service_s() -> None:
    assert checked_destination("file:///home/tables", [PLATFORM_ROOT], "wines")
    for place in ("risk-svc", "risk-svc/payload", "nobody-yet", "risk-svc/payload/_delta_log"):
        with pytest.raises(InvalidInput, match="inside"):
            checked_destination(f"file:///home/tables/{place}", [PLATFORM_ROOT], "wines")


@pytest.mark.parametrize(
    ("service", "destination"),
    [
        ("intruder", "file:///tables/team/wine"),  # inside another's folder
        ("intruder", "file:///tables/team/wine/payload"),
        ("wine", "file:///tables/team/wine"),  # inside its own
        ("team", "file:///tables"),  # around it
        ("home", "file:///"),  # around the platform's own
    ],
)
def test_tables_lie_neither_inside_others_nor_around_them(service: str, destination: str) -> None:
    with pytest.raises(InvalidInput, match="inside, or around"):
        check_apart(service, destination, [PLATFORM_ROOT], [("wine", "file:///tables/team")])


@pytest.mark.parametrize(
    ("service", "destination"),
    [
        ("wine", "file:///tables/team"),
        ("beer", "file:///tables/team"),
        ("wine", "file:///tables/other"),
        ("beer", "file:///home/tables"),
    ],
)
def test_tables_may_lie_side_by_side(service: str, destination: str) -> None:
    assert is_apart(service, destination, [PLATFORM_ROOT], [("wine", "file:///tables/team")])


MODEL = {"kind": "mlflow", "model": "wine", "version": "1"}


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ({"model_source": MODEL, "replicas": {"min": 3, "max": 2}}, "must not be above"),
        ({"model_source": {**MODEL, "alias": "champion"}}, "exactly one of version and alias"),
        ({"model_source": {"kind": "mlflow", "model": "wine"}}, "exactly one of version and alias"),
    ],
)
def test_what_comes_later_or_contradicts_itself_is_refused_in_a_sentence(version: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        NewService.model_validate({"name": "wine", "version": version})


def test_llm_services_come_later() -> None:
    with pytest.raises(InvalidInput, match="llm"):
        NewService.model_validate({"name": "chat", "type": "llm"})


@pytest.mark.parametrize(
    "body",
    [
        {"name": "wine", "colour": "red"},
        {"name": "wine", "version": {"model_source": MODEL, "replicas": "2"}},
        {"name": "wine", "version": {"model_source": MODEL, "replicas": True}},
        {"name": "wine", "version": {"model_source": MODEL, "replicas": -1}},
        {"name": "wine", "version": {"model_source": MODEL, "traffic_weight": 101}},
        {"name": "wine", "version": {"model_source": MODEL, "rate_limit": {"qps": float("inf")}}},
        {"name": "wine", "version": {"model_source": MODEL, "log_delivery": {"enabled": True, "log_streams": True}}},
    ],
)
def test_unknown_fields_and_wrong_types_are_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NewService.model_validate(body)


def test_a_start_needs_a_version() -> None:
    with pytest.raises(InvalidInput, match="start needs a version"):
        NewService.model_validate({"name": "wine", "start": True})


def test_null_is_only_for_fields_that_may_be_null() -> None:
    assert VersionChange.model_validate({"rate_limit": None}).model_fields_set == {"rate_limit"}
    with pytest.raises(InvalidInput, match="replicas must not be null"):
        VersionChange.model_validate({"replicas": None})


def test_text_that_a_database_would_choke_on_is_refused() -> None:
    for text in ("a\x00b", "\ud800"):
        with pytest.raises((InvalidInput, ValidationError)):
            NewService.model_validate({"name": "wine", "description": text})
    assert ModelSource.model_validate({"kind": "mlflow", "model": "wine", "alias": "best"}).alias == "best"
