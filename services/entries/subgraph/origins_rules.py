"""Where a registration comes from, told so that registrations can be compared and nobody can be found. Pure."""

import hashlib
from ipaddress import IPv6Address, ip_address

_V4_BITS, _V6_BITS = 24, 48


def origin(client_ip: str | None, user_agent: str | None) -> tuple[str | None, str | None]:
    """The network of an address (its first 24 bits, of IPv6 48), and a digest of that and the browser's name.

    Both None for what is no address. The address goes no further than this.
    """
    network = _network(client_ip)
    if network is None:
        return None, None
    text = f"{network}\n{user_agent or ''}"
    return network, hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _network(client_ip: str | None) -> str | None:
    try:
        address = ip_address(client_ip or "")
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is None:
            return f"{int(address) >> (128 - _V6_BITS):x}/{_V6_BITS}"
        address = mapped
    return f"{int(address) >> (32 - _V4_BITS):x}/{_V4_BITS}"
