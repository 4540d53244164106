"""Where packages of a model's environment may come from."""

from __future__ import annotations

import pytest

from scheduler.domain.requirements.lines import UnreadableRequirements
from scheduler.domain.requirements.sources import SourceRule, own_indexes
from shared.security.addresses import AddressRule

NAMES = {"pypi.org": ["151.101.0.223"], "inner.corp": ["10.0.0.7"], "mixed.example": ["8.8.8.8", "127.0.0.1"]}


def addresses(host: str) -> list[str]:
    return NAMES.get(host, [host])


@pytest.mark.parametrize(
    "address",
    [
        *(
            "http://127.0.0.1:5000/",
            "https://localhost/",
            "http://[::1]/",
            "http://169.254.169.254/",
            "http://inner.corp/x",
        ),
        *("http://mixed.example/", "git+https://inner.corp/r", "git+ssh://git@pypi.org/r", "ssh://pypi.org/r"),
        *(
            "ftp://pypi.org/",
            "git+file:///etc",
            "https:///x",
            "https://",
            "http://pypi.org\\@127.0.0.1/",
            "http://a b/",
        ),
        *(
            "https://${HOST}/x",
            "https://u:${UV_TOKEN}@pypi.org/simple",
            "http://%31%32%37.0.0.1/",
            "http://h:99999999/",
        ),
        "http://192.0.0.192/",
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    NAMES["localhost"] = ["127.0.0.1"]
    with pytest.raises(UnreadableRequirements) as refused:
        SourceRule().check(address, addresses)
    assert "UV_TOKEN" not in refused.value.message


@pytest.mark.parametrize("address", ["https://pypi.org/simple", "git+https://pypi.org/r@v1", "http://8.8.8.8/x.whl"])
def test_what_is_public_is_allowed_unless_the_installation_says_no(address: str) -> None:
    SourceRule().check(address, addresses)
    with pytest.raises(UnreadableRequirements, match="SCHEDULER_ALLOWED_INDEXES"):
        SourceRule(is_public_allowed=False).check(address, addresses)


def test_what_the_operator_names_is_allowed() -> None:
    rule = SourceRule(AddressRule.of(["inner.corp", "127.0.0.0/8"]), is_public_allowed=False)
    for address in ("https://inner.corp/simple", "git+ssh://git@inner.corp/r", "https://u:${UV_TOKEN}@inner.corp/"):
        rule.check(address, addresses)
    SourceRule(AddressRule.of(["127.0.0.0/8"])).check("http://127.0.0.1:3141/", addresses)


def test_the_installations_own_indexes_are_allowed_on_their_port_alone() -> None:
    own = own_indexes({"PIP_INDEX_URL": "http://u:p@127.0.0.1:3141/simple", "UV_INDEX": "corp=https://inner.corp/a x"})
    assert own == {"127.0.0.1:3141", "inner.corp:443"}
    rule = SourceRule(own=own)
    rule.check("http://127.0.0.1:3141/other", addresses)
    rule.check("https://inner.corp/simple", addresses)
    for other in ("http://127.0.0.1:9/", "http://inner.corp/"):
        with pytest.raises(UnreadableRequirements):
            rule.check(other, addresses)
