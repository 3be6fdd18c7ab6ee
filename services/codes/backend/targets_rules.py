"""Where a webhook may lead: to a public address and nowhere else. Pure: names are resolved elsewhere.

Whoever may enter a URL must not reach what only this network can: so scheme and port are few, and every address that a
name resolves to is looked at before one of them is used.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.kit.errors import Invalid, Issue

_LONGEST = 500
_PORTS = (443, 8443)
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart. `host` is as in the URL, brackets included; `path` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        default = {"https": 443, "http": 80}[self.scheme]
        return self.host if self.port == default else f"{self.host}:{self.port}"


def parse_target(url: str, *, development: bool) -> Target:
    """The target that a URL names. In development loopback will do, on any port, without TLS. Raises Invalid."""
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _bad("MALFORMED", f"url must be an https URL of {_LONGEST} characters at most.")
    try:
        parts = urlsplit(url)
        host, port = _host(parts.netloc.lower()), parts.port
    except ValueError:
        raise _bad("MALFORMED", "url must be an https URL.") from None
    if "@" in parts.netloc or parts.fragment:
        raise _bad("MALFORMED", "url must hold no user name, password or fragment.")
    if not _HOST.fullmatch(host):
        raise _bad("MALFORMED", "url must name a host.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if development and host in _LOOPBACK and parts.scheme in ("http", "https"):
        return Target(parts.scheme, host, port or {"https": 443, "http": 80}[parts.scheme], path)
    if parts.scheme != "https":
        raise _bad("NOT_HTTPS", "url must begin with https://.")
    if (port or 443) not in _PORTS:
        raise _bad("BAD_PORT", "url must use port 443 or 8443.")
    if not _is_acceptable(host):
        raise _bad("NOT_PUBLIC", "url must lead to a public address.")
    return Target("https", host, port or 443, path)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open Internet: not private, loopback, link-local (nor any cloud's metadata),
    shared, multicast, reserved (translated IPv4 too) or unspecified, and no IPv6 form of such an IPv4 address.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None or ip.is_site_local:
            return False
        if ip.sixtofour is not None and not is_public(str(ip.sixtofour)):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _host(netloc: str) -> str:
    """The host of an authority, with its brackets."""
    without_port, colon, port = netloc.rpartition(":")
    return without_port if colon and port.isdigit() else netloc


def _is_acceptable(host: str) -> bool:
    """What can be told without resolving: an address must be public, a name must have a dot."""
    bare = host.strip("[]")
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return "." in host and not host.startswith("[")
    return is_public(bare)


def _bad(code: str, message: str) -> Invalid:
    return Invalid([Issue(["url"], code, message)], message)
