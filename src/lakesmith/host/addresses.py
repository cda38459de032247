"""Which addresses of the network may be reached: public ones, and hosts that somebody named."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

METADATA = frozenset(
    map(ipaddress.ip_address, ("168.63.129.16", "169.254.169.254", "100.100.100.200", "fd00:ec2::254"))
)
"""Where clouds tell their machines about themselves, keys included. The first looks like a public address."""

WITH_IPV4_AT_THE_END = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
"""Where the last bits of an address of IPv6 are one of IPv4: gateways between the two (RFC 6052, 8215), and translations (RFC 2765)."""

NOWHERE = tuple(map(ipaddress.ip_network, ("64:ff9b:1::/48", "fec0::/10", "3fff::/20", "5f00::/16")))
"""Networks inside of somebody's own, or of nobody, which not every Python knows as such."""

LOW_BITS = 0xFFFF_FFFF
TUNNELS = (0x0000_5EFE, 0x0200_5EFE)
"""What stands before an address of IPv4 in one of IPv6 that leads through a tunnel inside of a network (RFC 5214)."""


class ForbiddenAddressError(Exception):
    """A host has an address in a private network, on this machine, or of a cloud's own service, and nobody named the host."""


def is_public(address: str) -> bool:
    """Whether an address is out in the world, also if it is one of IPv4 written as one of IPv6.

    Examples:
        >>> is_public("93.184.215.14"), is_public("10.0.0.1"), is_public("::ffff:127.0.0.1"), is_public("169.254.169.254")
        (True, False, False, False)
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    for inner in (found, *_inside(found)):
        if inner in METADATA or inner.is_multicast or not inner.is_global or any(inner in net for net in NOWHERE):
            return False
    return True


def reachable(host: str, port: int, named: Collection[str] = ()) -> list[str]:
    """Return the addresses of a host, all of which may be reached: whoever connects to one of them asks nobody again.

    Args:
        host: A name or an address, in whatever spelling the system understands.
        port: Where somebody wants to connect.
        named: Hosts, in lower case, whose addresses may be any.

    Raises:
        ForbiddenAddressError: If one of them may not be.
        OSError: If there is no such host.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    is_named = host.lower().strip("[]").rstrip(".") in named
    if not is_named and not all(map(is_public, addresses)):
        raise ForbiddenAddressError(host)
    return addresses


def _inside(address: Address) -> list[Address]:
    """Return the addresses of IPv4 that one of IPv6 stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner: list[Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address.teredo is not None:
        inner.extend(address.teredo)
    is_tunnel = (int(address) >> 32) & LOW_BITS in TUNNELS
    if is_tunnel or int(address) <= LOW_BITS or any(address in net for net in WITH_IPV4_AT_THE_END):
        inner.append(ipaddress.IPv4Address(int(address) & LOW_BITS))
    return [one for one in inner if one is not None]
