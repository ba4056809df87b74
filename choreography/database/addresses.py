"""Under which addresses others may see this machine."""

import socket
from ipaddress import ip_address


def addresses_towards(host: str) -> set[str]:
    """Return the addresses of this machine from which it speaks to a host; nothing is sent to find out."""
    found: set[str] = set()
    try:
        reached = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)
    except OSError:
        return found
    for family, kind, protocol, _, address in reached:
        with socket.socket(family, kind, protocol) as one:
            try:
                one.connect(address)
            except OSError:
                continue
            found.add(plain(str(one.getsockname()[0])))
    return found


def plain(address: str) -> str:
    """Return an address as everybody writes it: Java and Python differ over IPv6."""
    try:
        return ip_address(address.partition("%")[0]).compressed
    except ValueError:
        return address
