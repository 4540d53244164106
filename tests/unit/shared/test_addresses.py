"""Where a URL that somebody gives may not lead."""

from __future__ import annotations

import pytest

from shared.errors import InvalidInput
from shared.security.addresses import AddressRule

INNER = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "::1", "::"),
    *("10.0.0.1", "172.16.0.1", "192.168.1.1", "fd00::1", "fc00:1::1"),
    *("169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254"),
    *("100.64.0.1", "100.100.100.200", "168.63.129.16"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
    *("192.0.0.192", "192.0.0.9", "192.88.99.1", "fec0::1", "feff::1", "::7f00:1", "::10.0.0.1", "64:ff9b:1::a00:1"),
    *("2001:0:1::1", "2001:20::1", "3fff::1", "5f00::1", "100::1", "::ffff:192.0.0.192"),
    *("224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "2001:db8::1"),
]


@pytest.mark.parametrize("address", INNER)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not AddressRule().allows("mlflow.example", address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8"])
def test_what_is_public_is_allowed(address: str) -> None:
    assert AddressRule().allows("mlflow.example", address)


def test_an_operator_may_allow_hosts_addresses_and_networks() -> None:
    rule = AddressRule.of(["MLflow.internal.", "10.1.0.0/16", "::1", "192.168.0.7"])
    assert rule.allows("mlflow.INTERNAL", "10.9.9.9")
    assert not rule.allows("other.internal", "10.9.9.9")
    assert rule.allows("other.internal", "10.1.2.3")
    assert rule.allows("other.internal", "::ffff:10.1.2.3")
    assert rule.allows("::1", "::1")
    assert rule.allows("x", "192.168.0.7")
    assert not rule.allows("x", "192.168.0.8")


@pytest.mark.parametrize("entry", ["", "a b", "http://x", "10.0.0.1/16", "x/y", "*"])
def test_what_is_no_host_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a host name"):
        AddressRule.of([entry])


def test_one_inner_address_among_public_ones_is_enough() -> None:
    with pytest.raises(InvalidInput, match="CONTROLLER_ALLOWED_REGISTRIES") as refused:
        AddressRule().check("rebind.example", ["8.8.8.8", "127.0.0.1"])
    assert "127.0.0.1" not in str(refused.value)
