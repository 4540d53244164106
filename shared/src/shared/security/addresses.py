"""Which addresses the platform may be told to connect to: public ones, and what an operator allows besides.

A URL that a user gives must not lead to the platform's own network, to its neighbours or to a cloud's metadata. Names
say nothing of that: what counts is the address that is connected to.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from shared.errors import InvalidInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24",  # protocol assignments: Python 3.11 takes some of them for global
        "192.88.99.0/24",  # 6to4 relays, of no use since 2015 (RFC 7526)
        "fec0::/10",  # site-local, deprecated and still routed by some
        "64:ff9b:1::/48",  # NAT64 of a network's own (RFC 8215)
        "::/96",  # IPv4 addresses as IPv6 once wrote them
        "3fff::/20", "5f00::/16", "100::/64", "2001::/23",
    )
)  # fmt: skip
"""Networks that Python's own tables take for global, in one of its versions or in all."""
_METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})
"""A public address that means the host machine to who runs on Azure."""


@dataclass(frozen=True)
class AddressRule:
    """`hosts` (lower case) and `networks` that are allowed although they are not public; `setting` names them."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    setting: str = "CONTROLLER_ALLOWED_REGISTRIES"

    @classmethod
    def of(cls, entries: Iterable[str], setting: str = "CONTROLLER_ALLOWED_REGISTRIES") -> AddressRule:
        """From host names, addresses and CIDRs; `ValueError` names what is none of them."""
        hosts: set[str] = set()
        networks: list[Network] = []
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry.strip("[]")))
            except ValueError:
                hosts.add(_host_name(entry))
        return cls(frozenset(hosts), tuple(networks), setting)

    def allows(self, host: str, address: str) -> bool:
        """Whether `address`, which `host` was resolved to, may be connected to."""
        if normal_host(host) in self.hosts:
            return True
        found = embedded(ipaddress.ip_address(address.partition("%")[0]))
        return is_public(found) or any(found in network for network in self.networks)

    def check(self, host: str, addresses: Iterable[str]) -> None:
        """Refuse a host one of whose addresses may not be connected to; the message shows no address."""
        if not all(self.allows(host, address) for address in addresses):
            raise InvalidInput(f"{host} is not a public address: an administrator can allow it with {self.setting}")


def normal_host(host: str) -> str:
    """As hosts are compared."""
    return host.strip("[]").rstrip(".").lower()


def embedded(address: Address) -> Address:
    """The IPv4 address that is meant by an IPv6 one which only wraps it; else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet could be meant by it."""
    if not address.is_global or address.is_multicast or address.is_reserved or address in _METADATA:
        return False
    return not any(address in network for network in _NOT_PUBLIC)


def _host_name(entry: str) -> str:
    name = normal_host(entry)
    if not name or not all(part.replace("-", "").replace("_", "").isalnum() for part in name.split(".")):
        raise ValueError(f"{entry[:80]!r} is neither a host name, an address nor a CIDR")
    return name
