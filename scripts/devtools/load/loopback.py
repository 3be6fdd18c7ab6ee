"""Load goes to this machine and nowhere else."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit


class NotLoopbackError(Exception):
    """A sentence: which URL, and why no load is sent there."""


@dataclass(frozen=True)
class Target:
    """Where requests go: a loopback `address`, and what the request line and the host header say."""

    address: str
    port: int
    host: str
    path: str


def loopback_target(url: str) -> Target:
    """The target of an `http://` URL on this machine. Raises NotLoopbackError for every other URL."""
    parts = urlsplit(url)
    try:
        port = parts.port or 80
    except ValueError:
        raise NotLoopbackError(f"{url} has no valid port.") from None
    if parts.scheme != "http" or not parts.hostname:
        raise NotLoopbackError(f"Load is sent to http:// URLs on this machine only, and {url} is none.")
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError:
        raise NotLoopbackError(f"The host of {url} is not known.") from None
    addresses = [str(address[0]) for *_, address in found]
    if not addresses or not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise NotLoopbackError(
            f"Load is sent to loopback addresses only, and {parts.hostname} is {addresses[0]}."
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(addresses[0], port, parts.netloc.rpartition("@")[2], path)
